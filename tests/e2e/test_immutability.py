"""Immutable records: serials and their audit trails."""

import asyncpg
import pytest

from shared.contracts.upstream import AsnAnnounced, AsnLine
from tests.e2e.serial_scenario import WAREHOUSE, SerialScenario, quote_path
from tests.e2e.system import SystemUnderTest
from tests.support.polling import wait_until


async def test_serial_cannot_be_changed(system: SystemUnderTest, scenario: SerialScenario) -> None:
    """No API renames a serial, and the service's database role cannot change it (S17)."""
    await scenario.define_product()
    (serial,) = await scenario.stock_units(1)
    for service in ("receiving", "serials", "fulfillment"):
        document = await system.get_json(service, "/openapi.json")
        assert {method for path in document["paths"].values() for method in path} <= {"get", "post"}
        for schema in document["components"]["schemas"].values():
            assert not {"new_serial", "rename"} & schema.get("properties", {}).keys()
    connection = await asyncpg.connect(system.environment["SERIALS_DATABASE_URL"])
    try:
        for statement in (
            "UPDATE serial SET serial = 'X' WHERE serial = $1",
            "DELETE FROM serial WHERE serial = $1",
            "UPDATE serial_state SET serial = 'X' WHERE serial = $1",
            "DELETE FROM serial_state WHERE serial = $1",
        ):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute(statement, serial)
        for statement in (
            "TRUNCATE serial",
            "ALTER TABLE serial DISABLE TRIGGER ALL",
            "ALTER TABLE serial ADD COLUMN other text",
            "DROP TABLE serial",
        ):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute(statement)
    finally:
        await connection.close()
    assert (await scenario.get_unit(serial))["serial"] == serial


async def test_audit_entry_cannot_be_changed(system: SystemUnderTest, scenario: SerialScenario) -> None:
    """The audit trail is append-only: the service's database role can neither change nor remove a row (S22)."""
    await scenario.define_product()
    await scenario.stock_units(1)
    connection = await asyncpg.connect(system.environment["SERIALS_DATABASE_URL"])
    try:
        for table in ("audit_entry", "audit_operation"):
            for statement in (
                f"DELETE FROM {table}",  # noqa: S608
                f"TRUNCATE {table}",
                f"ALTER TABLE {table} DISABLE TRIGGER ALL",
            ):
                with pytest.raises(asyncpg.InsufficientPrivilegeError):
                    await connection.execute(statement)
        for statement in ("UPDATE audit_entry SET location = 'X'", "UPDATE audit_operation SET actor = 'X'"):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute(statement)
    finally:
        await connection.close()


async def test_shipped_serial_is_never_a_new_unit(system: SystemUnderTest, scenario: SerialScenario) -> None:
    """A shipped serial is rejected as a new unit by ASN and scan; its row stays the only one (S18)."""
    await scenario.define_product()
    (serial,) = serials = await scenario.stock_units(1)
    order = await scenario.place_order(1)
    await scenario.ship(order, await scenario.wait_for_allocation(order, 1))
    await scenario.wait_for_status(serials, "SHIPPED")

    async def is_shipped() -> bool:
        rows = await system.fetch_rows("receiving", "SELECT status FROM unit WHERE serial = $1", serial)
        return [row["status"] for row in rows] == ["SHIPPED"]

    await wait_until(is_shipped)
    receipt = scenario.new_id("ASN")
    line = AsnLine(line="1", sku=scenario.sku, quantity=1, serials=serials)
    (event,) = await system.publish(AsnAnnounced(receipt=receipt, warehouse=WAREHOUSE, lines=[line]))
    await system.wait_for_rejection("receiving", event, "duplicate_serial", receipt)
    blind = scenario.new_id("BR")
    await system.execute(AsnAnnounced(receipt=blind, warehouse=WAREHOUSE, kind="BLIND"))
    response = await system.execute_command(scenario.scan_command(blind, serials))
    assert [result["status"] for result in response.json()["scan_results"]] == ["DUPLICATE_SERIAL"]
    await scenario.confirm_session(blind)
    await system.wait_until_quiescent()
    assert (await scenario.get_unit(serial))["status"] == "SHIPPED"
    assert len(await system.fetch_rows("serials", "SELECT 1 FROM serial WHERE serial = $1", serial)) == 1


async def test_equal_serials_of_two_products_are_two_units(scenario: SerialScenario) -> None:
    """A serial is unique within its product only (S18)."""
    await scenario.define_product()
    (serial,) = await scenario.stock_units(1)
    other = await scenario.define_product(scenario.new_id("P"))
    await scenario.receive([serial], sku=other)
    await scenario.wait_for_status([serial], "RECEIVED", other)
    assert (await scenario.get_unit(serial))["status"] == "IN_INVENTORY"


SPECIAL_SERIALS = [
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


async def test_serials_are_kept_verbatim(system: SystemUnderTest, scenario: SerialScenario) -> None:
    """Zeros, spaces, slashes and quotes in identifiers are preserved, from ASN to pick list (S17)."""
    # A format of its own allows serial numbers that look like a list.
    sku = await scenario.define_product(f"{scenario.sku}/X%2F&", serial_format={"min_length": 1})
    serials = sorted(f"{serial}-{scenario.token}" for serial in SPECIAL_SERIALS)
    receipt, order = scenario.new_id("ASN/1"), scenario.new_id("SO/1?")
    await scenario.announce_asn(serials, sku=sku, receipt=receipt)
    await system.execute(scenario.scan_command(receipt, serials, sku=sku))
    await scenario.confirm_session(receipt)
    await scenario.put_away(serials, sku=sku)
    await scenario.place_order(len(serials), sku=sku, order=order)
    assert sorted(await scenario.wait_for_allocation(order, len(serials))) == serials
    for serial in serials:
        assert (await scenario.get_unit(serial, sku))["serial"] == serial
    assert (await system.get_json("receiving", f"/receipts/{quote_path(receipt)}"))["receipt"] == receipt
    assert (await system.get_json("fulfillment", f"/orders/{quote_path(order)}"))["order"] == order
    assert (await system.get_json("receiving", f"/products/{quote_path(sku)}"))["sku"] == sku
