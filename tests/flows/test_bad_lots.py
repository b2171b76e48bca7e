"""Quantities, dates and lots that are none: put aside over Kafka, refused over HTTP, at every door of counted goods."""

from typing import Any

import pytest

from shared.contracts.commands.fulfillment import Pick
from shared.contracts.upstream import OrderLine
from tests.flows.goods import BINS, Goods, day, lot
from tests.flows.shop import DOCK, STAGE
from tests.flows.world import Json, World

QUANTITIES = {
    "nothing": 0, "negative": -1, "10^15": 10**15, "seven decimals": 0.0000001, "text": "many", "endless": "Infinity",
}  # fmt: skip
DATES = {"1900": "1900-01-01", "31 February": "2027-02-31", "a number": 20270131, "two digits": "27-01-31"}
DOORS = {
    "scan": ("receiving", "receiving.commands", "receive.scan.v1", "/scans", "lots"),
    "return": ("receiving", "receiving.commands", "return.receive.v1", "/returns", "lots"),
    "putaway": ("lots", "lots.commands", "lot.put_away.v1", "/putaways", ""),
    "adjustment": ("lots", "lots.commands", "lot.adjust.v1", "/adjustments", ""),
    "pick": ("fulfillment", "fulfillment.commands", "unit.pick.v1", "/picks", "stock"),
    "pack": ("fulfillment", "fulfillment.commands", "carton.pack.v1", "/packs", "stock"),
}
"""Service, topic, type, path, and the list in which the quantity stands."""


def body(goods: Goods, inside: str, quantity: Any) -> Json:
    """As much as any of the doors asks for, with the quantity where it belongs."""
    some = {"sku": goods.sku, "lot": "L1", "quantity": quantity}
    whole: Json = {
        "receipt": "R", "session": "S", "return_id": "RMA", "order": "SO", "customer": "C", "carton": "CT",
        "sku": goods.sku, "lot": "L1", "from_location": DOCK, "location": BINS[0], "adjustment": "FOUND", "reason": "x",
    }  # fmt: skip
    if inside == "lots":
        whole.pop("lot")
    return whole | ({inside: [some]} if inside else {"quantity": quantity})


@pytest.mark.parametrize("door", DOORS)
async def test_a_quantity_that_is_none(world: World, goods: Goods, door: str) -> None:
    """Nothing, less, 10^15, too many decimals: a dead letter over Kafka, a 400 over HTTP, each naming the field."""
    service, topic, type_, path, inside = DOORS[door]
    field = f"{inside}.0.quantity" if inside else "quantity"
    for quantity in QUANTITIES.values():
        data = body(goods, inside, quantity)
        key = data[{"receiving": "receipt", "lots": "sku", "fulfillment": "order"}[service]]
        at = await world.send(
            topic, world.cloud_event(type_, data), data["return_id"] if door == "return" else key
        )  # fmt: skip
        assert "quantity" in (await world.dead_letter(service, at))["error"], quantity
        answer = await world.post(service, path, data)
        assert (answer.status_code, answer.json()["code"]) == (400, "malformed"), (quantity, answer.text)
        assert [error["field"] for error in answer.json()["errors"]] == [field], (quantity, answer.text)


async def test_a_date_that_is_none(world: World, goods: Goods) -> None:
    """The year 1900, 31 February, a number: no lot is scanned or corrected so; nor one that ended before it began."""
    for expiry in DATES.values():
        scanned = {"receipt": "R", "session": "S", "sku": goods.sku, "location": DOCK}
        scanned["lots"] = [{"lot": "L1", "quantity": 1, "expiry": expiry}]  # type: ignore[assignment]
        corrected = {"sku": goods.sku, "lot": "L1", "expiry": expiry, "reason": "x"}
        for service, path, data in (("receiving", "/scans", scanned), ("lots", "/corrections", corrected)):
            answer = await world.post(service, path, data)
            assert (answer.status_code, answer.json()["code"]) == (400, "malformed"), (expiry, answer.text)
            assert answer.json()["errors"][0]["field"].endswith("expiry")
    await goods.product()
    receipt = await goods.announced([], quantity=1)
    ended = goods.scan_lots(receipt, lot("L1", 1, 40)).model_dump(mode="json", exclude_none=True)
    ended["lots"][0]["manufactured"] = str(day(41))
    answer = await world.post("receiving", "/scans", ended)
    assert (answer.status_code, "before it was made" in answer.text) == (400, True)


async def test_501_lots_in_an_event(world: World, goods: Goods) -> None:
    """A receipt of 501 lots in one message is a dead letter; lots knows none of them, and takes what follows."""
    await goods.product()
    lots = [{"lot": f"L{number}", "quantity": 1} for number in range(501)]
    receipt = goods.no("ASN")
    data = {"receipt": receipt, "line": "1", "sku": goods.sku, "tracking": "LOT", "location": DOCK, "session": "S"}
    at = await world.send(
        "receiving.events", world.cloud_event("stock.received.v1", {**data, "lots": lots}), receipt
    )  # fmt: skip
    assert "500" in (await world.dead_letter("lots", at))["error"]
    await goods.arrived(lot("L1", 2, 40))
    await goods.lies({("L1", DOCK): (2, 0)})


async def test_the_same_lot_twice_in_one_scan(world: World, goods: Goods) -> None:
    """Each entry has its verdict: the first counts, the second is a repeat; another date for it is refused."""
    await goods.product()
    receipt = await goods.announced([], quantity=9)
    answer = await world.command(goods.scan_lots(receipt, lot("L1", 2, 40), lot("L1", 3, 40)))
    assert [it["verdict"] for it in answer.json()["lots"]] == ["ACCEPTED", "REPEATED"], answer.text
    await world.refused(goods.scan_lots(receipt, lot("L1", 1, 41)), "dates_differ")
    await goods.confirm(receipt)
    await goods.lies({("L1", DOCK): (2, 0)})


async def test_a_lot_of_another_product(world: World, goods: Goods) -> None:
    """A lot's number under another product, or an unknown one, is picked, stored and moved for nobody (S20, S25)."""
    other = await goods.product(f"{goods.sku}-B")
    await goods.product()
    await goods.have(lot("L1", 5, 40))
    await goods.have(lot("M1", 5, 40), sku=other, bins=BINS[1:])
    order = await goods.ordered(
        OrderLine(line="1", sku=goods.sku, quantity=2), OrderLine(line="2", sku=other, quantity=2)
    )  # fmt: skip
    await goods.listed(order, {("L1", BINS[0]): 2, ("M1", BINS[1]): 2})
    for sku, name in ((goods.sku, "M1"), (other, "L1"), (goods.sku, "l1"), (goods.sku, "?")):
        wrong = Pick(order=order, stock=[goods.some(name, 2, sku=sku)], location=STAGE)
        await world.refused(wrong, "not_allocated_here")
    hold = {"sku": goods.sku, "lot": "M1", "hold": goods.no("H"), "reason": "x"}
    answer = await world.post("lots", "/holds", hold)
    assert (answer.status_code, f"it is a lot of {other}" in answer.text) == (409, True), answer.text
    await goods.picked_all(order, 2)
