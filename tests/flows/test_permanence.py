"""What can never be changed: a serial, its audit trail, and that it is taken."""

import asyncpg
import pytest

from shared.contracts.upstream import AsnAnnounced, AsnLine
from tests.flows.shop import WAREHOUSE, Shop, at
from tests.flows.waiting import eventually
from tests.flows.world import World


async def test_a_serial_cannot_be_changed(world: World, shop: Shop) -> None:
    """No API takes another text for a serial, and the service's own role cannot change it in any way (S17)."""
    await shop.product()
    (serial,) = await shop.stock(1)
    for service in ("receiving", "serials", "fulfillment"):
        document = await world.read(service, "/openapi.json")
        assert {method for path in document["paths"].values() for method in path} <= {"get", "post"}
        for schema in document["components"]["schemas"].values():
            assert not {"new_serial", "rename"} & schema.get("properties", {}).keys()
    login = await asyncpg.connect(world.environment["SERIALS_DATABASE_URL"])
    try:
        for statement in (
            "UPDATE serial SET serial = 'X' WHERE serial = $1",
            "DELETE FROM serial WHERE serial = $1",
            "UPDATE serial_state SET serial = 'X' WHERE serial = $1",
            "DELETE FROM serial_state WHERE serial = $1",
        ):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await login.execute(statement, serial)
        for statement in (
            "TRUNCATE serial",
            "ALTER TABLE serial DISABLE TRIGGER ALL",
            "ALTER TABLE serial ADD COLUMN other text",
            "DROP TABLE serial",
        ):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await login.execute(statement)
    finally:
        await login.close()
    assert (await shop.unit(serial))["serial"] == serial


async def test_an_audit_row_cannot_be_changed(world: World, shop: Shop) -> None:
    """The audit trail is only ever added to: the service's own role can neither change nor remove a row (S22)."""
    await shop.product()
    await shop.stock(1)
    login = await asyncpg.connect(world.environment["SERIALS_DATABASE_URL"])
    try:
        for table in ("audit", "act"):
            for statement in (
                f"DELETE FROM {table}",  # noqa: S608
                f"TRUNCATE {table}",
                f"ALTER TABLE {table} DISABLE TRIGGER ALL",
            ):
                with pytest.raises(asyncpg.InsufficientPrivilegeError):
                    await login.execute(statement)
        for statement in ("UPDATE audit SET location = 'X'", "UPDATE act SET actor = 'X'"):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await login.execute(statement)
    finally:
        await login.close()


async def test_a_shipped_serial_is_never_a_new_unit(world: World, shop: Shop) -> None:
    """A serial that was shipped is refused as a new unit by ASN and scan, and its row stays the only one (S18)."""
    await shop.product()
    (serial,) = serials = await shop.stock(1)
    order = await shop.order(1)
    await shop.shipped(order, await shop.allocated(order, 1))
    await shop.status(serials, "SHIPPED")

    async def out() -> bool:
        rows = await world.rows("receiving", "SELECT state FROM unit WHERE serial = $1", serial)
        return [row["state"] for row in rows] == ["OUT"]

    await eventually(out)
    receipt = shop.no("ASN")
    line = AsnLine(line="1", sku=shop.sku, quantity=1, serials=serials)
    (event,) = await world.say(AsnAnnounced(receipt=receipt, warehouse=WAREHOUSE, lines=[line]))
    await world.rejection("receiving", event, "serial_known", receipt)
    blind = shop.no("BR")
    await world.do(AsnAnnounced(receipt=blind, warehouse=WAREHOUSE, kind="BLIND"))
    answer = await world.command(shop.scan(blind, serials))
    assert [row["verdict"] for row in answer.json()["verdicts"]] == ["KNOWN_SERIAL"]
    await shop.confirm(blind)
    await world.quiet()
    assert (await shop.unit(serial))["status"] == "SHIPPED"
    assert len(await world.rows("serials", "SELECT 1 FROM serial WHERE serial = $1", serial)) == 1


async def test_the_same_serial_of_two_products_is_two_units(shop: Shop) -> None:
    """A serial is unique within its product: the same text of another product is another unit (S18)."""
    await shop.product()
    (serial,) = await shop.stock(1)
    other = await shop.product(shop.no("P"))
    await shop.received([serial], sku=other)
    await shop.status([serial], "RECEIVED", other)
    assert (await shop.unit(serial))["status"] == "IN_INVENTORY"


ODD = [
    "A/B",
    "100% new",
    "a, b; c",
    '"quoted"',
    "=1+1",
    "?x=1&y=2#z",
    "../..",
    "0012 00",
    "<b>",
    "A\\B'C",
    "{x}",
    "%2F",
]


async def test_a_serial_is_kept_as_its_label_has_it(world: World, shop: Shop) -> None:
    """Zeros, blanks, slashes and quotes of serials and documents stay as they are, from ASN to pick list (S17)."""
    sku = await shop.product(f"{shop.sku}/X%2F&")
    serials = sorted(f"{serial}-{shop.token}" for serial in ODD)
    receipt, order = shop.no("ASN/1"), shop.no("SO/1?")
    await shop.announced(serials, sku=sku, receipt=receipt)
    await world.do(shop.scan(receipt, serials, sku=sku))
    await shop.confirm(receipt)
    await shop.put_away(serials, sku=sku)
    await shop.order(len(serials), sku=sku, order=order)
    assert sorted(await shop.allocated(order, len(serials))) == serials
    for serial in serials:
        assert (await shop.unit(serial, sku))["serial"] == serial
    assert (await world.read("receiving", f"/receipts/{at(receipt)}"))["receipt"] == receipt
    assert (await world.read("fulfillment", f"/orders/{at(order)}"))["order"] == order
    assert (await world.read("receiving", f"/products/{at(sku)}"))["sku"] == sku
