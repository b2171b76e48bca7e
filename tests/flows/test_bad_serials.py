"""Serials that are none, that are too many or too few, or that come twice: refused with a code, neighbours unharmed."""

import pytest

from shared.contracts.commands.serials import PutAway
from shared.contracts.upstream import AsnAnnounced, AsnLine, OrderLine
from tests.flows.shop import DOCK, SHELF, WAREHOUSE, Shop
from tests.flows.world import World

BAD = {
    "empty": "", "blank": " ", "over-long": "X" * 65, "control character": "AB\x07C", "line break": "AB\nC",
    "non-ASCII": "SN-Ä1", "look-alike": "\u0405N-1", "blank at the end": "SN-1 ",
}  # fmt: skip
each_bad = pytest.mark.parametrize("serial", BAD.values(), ids=BAD.keys())


@each_bad
async def test_a_scan_of_no_serial_is_told_so(world: World, shop: Shop, serial: str) -> None:
    """A badly formed scan has that verdict, the good one beside it is accepted, and only the good one is received."""
    await shop.product()
    (good,) = serials = shop.serials(1)
    receipt = await shop.announced(serials)
    answer = await world.command(shop.scan(receipt, [serial, good]))
    verdicts = {row["serial"]: row["verdict"] for row in answer.json()["verdicts"]}
    assert verdicts == {serial: "BADLY_FORMED", good: "ACCEPTED"}
    await shop.confirm(receipt)
    await shop.status([good], "RECEIVED")
    units = await world.rows("receiving", "SELECT serial FROM unit WHERE sku = $1", shop.sku)
    assert [unit["serial"] for unit in units] == [good]


@each_bad
async def test_an_announced_serial_that_is_none_is_put_aside(world: World, shop: Shop, serial: str) -> None:
    """An ASN with a badly formed serial is a dead letter as a whole: half of an announcement is none."""
    receipt = shop.no("ASN")
    line = {"line": "1", "sku": shop.sku, "quantity": 2, "serials": [shop.no("U"), serial]}
    event = world.cloud_event("asn.announced.v1", {"receipt": receipt, "warehouse": WAREHOUSE, "lines": [line]})
    at = await world.send("erp.asns", event, receipt)
    assert "serials.1" in (await world.dead_letter("receiving", at))["error"]
    assert not await world.rows("receiving", "SELECT 1 FROM unit WHERE sku = $1", shop.sku)


@each_bad
async def test_a_command_with_a_serial_that_is_none_is_malformed(world: World, shop: Shop, serial: str) -> None:
    """A putaway of a badly formed serial is a 400 that names the field."""
    body = {"sku": shop.sku, "serials": [serial], "location": SHELF}
    answer = await world.post("serials", "/putaways", body)
    assert answer.status_code == 400
    problem = answer.json()
    assert problem["code"] == "malformed"
    assert [error["field"] for error in problem["errors"]] == ["serials.0"]


async def test_a_serial_in_another_case_is_not_the_same(world: World, shop: Shop) -> None:
    """A scan that differs only in case from the expected serial is set aside with that verdict, not received (S16)."""
    await shop.product()
    expected = shop.no("u").lower()
    receipt = await shop.announced([expected])
    answer = await world.command(shop.scan(receipt, [expected.upper()]))
    (verdict,) = answer.json()["verdicts"]
    assert verdict["verdict"] == "CASE_VARIANT"
    assert expected in verdict["other"]
    await shop.confirm(receipt)
    await world.quiet()
    assert (await shop.unit(expected))["status"] == "EXPECTED"
    assert (await world.get("serials", f"/serials/{shop.sku}/{expected.upper()}")).status_code == 404


async def test_501_serials_in_one_message_are_too_many(world: World, shop: Shop) -> None:
    """An announcement of 501 serials is a dead letter, a scan of 501 a 400: a message names 500 units at most."""
    receipt, serials = shop.no("ASN"), [f"{shop.token}-{n}" for n in range(501)]
    line = {"line": "1", "sku": shop.sku, "quantity": 501, "serials": serials}
    event = world.cloud_event("asn.announced.v1", {"receipt": receipt, "warehouse": WAREHOUSE, "lines": [line]})
    letter = await world.dead_letter("receiving", await world.send("erp.asns", event, receipt))
    assert "500" in letter["error"]
    body = {"receipt": receipt, "session": "S", "sku": shop.sku, "location": DOCK, "serials": serials}
    answer = await world.post("receiving", "/scans", body)
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed")


async def test_501_serials_in_two_lines_are_too_many(world: World, shop: Shop) -> None:
    """The limit of 500 holds for a message, not for each of its lines."""
    receipt = shop.no("ASN")
    lines = [
        {"line": str(n), "sku": shop.sku, "quantity": size, "serials": [f"{shop.token}-{n}-{m}" for m in range(size)]}
        for n, size in ((1, 500), (2, 1))
    ]
    event = world.cloud_event("asn.announced.v1", {"receipt": receipt, "warehouse": WAREHOUSE, "lines": lines})
    assert "500" in (await world.dead_letter("receiving", await world.send("erp.asns", event, receipt)))["error"]


async def test_more_serials_than_units_are_refused(world: World, shop: Shop) -> None:
    """An ASN line that names 3 serials for 2 units is refused over Kafka and HTTP: one serial per unit (S14)."""
    await shop.product()
    receipt = shop.no("ASN")
    line = AsnLine(line="1", sku=shop.sku, quantity=2, serials=shop.serials(3))
    asn = AsnAnnounced(receipt=receipt, warehouse=WAREHOUSE, lines=[line])
    (event,) = await world.say(asn)
    await world.rejection("receiving", event, "serial_count", receipt)
    problem = await world.refused(asn, "serial_count")
    assert problem["status"] == 422
    assert not await world.rows("receiving", "SELECT 1 FROM receipt WHERE receipt = $1", receipt)


async def test_an_order_with_more_serials_than_units_is_refused(world: World, shop: Shop) -> None:
    """An order line that names 2 serials for 1 unit is refused: nothing is ordered."""
    await shop.product()
    placed = shop.placed(1, serials=shop.serials(2))
    (event,) = await world.say(placed)
    await world.rejection("fulfillment", event, "serial_count", placed.order)
    assert (await world.get("fulfillment", f"/orders/{placed.order}")).status_code == 404


async def test_the_same_serial_twice_in_an_asn_is_refused(world: World, shop: Shop) -> None:
    """A serial named twice in an announcement, even on two lines, is refused as a whole (S14)."""
    await shop.product()
    (serial,) = shop.serials(1)
    receipt = shop.no("ASN")
    lines = [AsnLine(line=str(n), sku=shop.sku, quantity=1, serials=[serial]) for n in (1, 2)]
    (event,) = await world.say(AsnAnnounced(receipt=receipt, warehouse=WAREHOUSE, lines=lines))
    row = await world.rejection("receiving", event, "serial_repeated", receipt)
    assert row["refusals"][0]["ids"] == [serial]
    assert not await world.rows("receiving", "SELECT 1 FROM unit WHERE sku = $1", shop.sku)


async def test_the_same_serial_twice_in_a_scan_is_a_duplicate(world: World, shop: Shop) -> None:
    """The second of two equal scans has its own verdict, and one unit is received (S14)."""
    await shop.product()
    (serial,) = serials = shop.serials(1)
    receipt = await shop.announced(serials, quantity=2)
    answer = await world.command(shop.scan(receipt, [serial, serial]))
    assert [row["verdict"] for row in answer.json()["verdicts"]] == ["ACCEPTED", "DUPLICATE_IN_RECEIPT"]
    await shop.confirm(receipt)
    await shop.status(serials, "RECEIVED")
    assert (await world.read("serials", f"/serials/{shop.sku}/{serial}"))["version"] == 2


async def test_the_same_serial_twice_in_a_command_is_refused(world: World, shop: Shop) -> None:
    """A putaway that names a unit twice is refused whole: somebody scanned one label for two units (S14)."""
    await shop.product()
    serials = shop.serials(2)
    await shop.received(serials)
    await shop.status(serials, "RECEIVED")
    putaway = PutAway(sku=shop.sku, serials=[*serials, serials[0]], location=SHELF)
    problem = await world.refused(putaway, "serial_repeated")
    assert problem["ids"] == [serials[0]]
    await shop.status(serials, "RECEIVED")


async def test_the_same_serial_twice_in_an_order_is_refused(world: World, shop: Shop) -> None:
    """An order that asks for one serial on two lines is refused."""
    await shop.product()
    (serial,) = shop.serials(1)
    lines = [OrderLine(line=line, sku=shop.sku, quantity=1, serials=[serial]) for line in ("1", "2")]
    placed = shop.placed(1, lines=lines)
    (event,) = await world.say(placed)
    await world.rejection("fulfillment", event, "serial_repeated", placed.order)
