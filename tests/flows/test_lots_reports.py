"""What is shown of lots, once all services have had their part: reports, and where a lot came from and went."""

from decimal import Decimal

from shared.contracts.commands.receiving import ReceiveReturn
from shared.contracts.counted import LotQuantity
from tests.flows.goods import BINS, Goods, day, lot
from tests.flows.shop import CUSTOMER, DOCK
from tests.flows.world import Json, World


async def report(world: World, name: str, **of: str) -> list[Json]:
    """The rows of a report; the file has as many."""
    items: list[Json] = (await world.read("lots", f"/reports/{name}", **of))["items"]
    answer = await world.get("lots", f"/reports/{name}.csv", **of)
    assert answer.is_success, answer.text
    assert len(answer.text.strip().splitlines()) == len(items) + 1
    return items


async def test_the_reports_on_lots(world: World, goods: Goods) -> None:
    """Inventory by expiry, expiring lots in buckets, every movement of a lot, books that agree (S29, S42, S43, S44)."""
    await goods.product()
    await goods.have(lot("L1", 5, 100), lot("L2", 5, 20), lot("L3", 5, 3))
    await goods.hold_lot("L1")
    order = await goods.order(6)
    await goods.sent(order, 2)
    waiting = await goods.order(1)
    await goods.listed(waiting, {("L2", BINS[1]): 1})
    rows = await report(world, "lot-inventory", sku=goods.sku)
    told = [(it["lot"], it["expiry"], it["on_hand"], it["free"], it["allocated"], it["held"]) for it in rows]
    assert told == [  # L3 has left
        ("L2", str(day(20)), 4, 3, 1, 0), ("L1", str(day(100)), 5, 0, 0, 5),
    ]  # fmt: skip
    buckets = {it["lot"]: it["bucket"] for it in await report(world, "expiring-lots", sku=goods.sku)}
    assert buckets["L2"] == "<=30"
    assert buckets["L1"] == ">90"
    moved = await report(world, "lot-movements", sku=goods.sku, lot="L3")
    assert [it["change"] for it in moved] == ["RECEIVED", "PUT_AWAY", "PUT_AWAY", "PICKED", "SHIPPED"]
    assert (moved[0]["receipt"], moved[1]["actor"], moved[-1]["order"]) == ("ASN-" + goods.token + "-1", "ben", order)
    assert await report(world, "reconciliation", sku=goods.sku, wrong_only="true") == []
    (sums,) = await report(world, "stock", sku=goods.sku)
    assert (sums["on_hand"], sums["free"], sums["allocated"], sums["held"]) == (9, 3, 1, 5)


async def test_where_a_lot_came_from_and_went(world: World, goods: Goods) -> None:
    """Its receipt, return, customers, the orders that have it, and where the rest lies, in two answers (S46)."""
    await goods.product()
    await goods.have(lot("L1", 9, 40))
    shipped = await goods.order(3)
    shipment = await goods.sent(shipped, 1)
    back = ReceiveReturn(
        return_id=goods.no("RMA"), order=shipped, customer="C-1", sku=goods.sku, location=DOCK, reason="dented",
        lots=[LotQuantity(lot="L1", quantity=Decimal(1))],
    )  # fmt: skip
    await world.do(back)
    waiting = await goods.order(2)
    await goods.listed(waiting, {("L1", BINS[0]): 2})
    await goods.lies({("L1", BINS[0]): (6, 2), ("L1", DOCK): (1, 0)})
    came = (await world.read("lots", f"/lots/{goods.sku}/L1/trace-back"))["came"]
    assert [(it["change"], it["quantity"], it["return_id"]) for it in came] == [
        ("RECEIVED", 9, None), ("RETURNED", 1, back.return_id),
    ]  # fmt: skip
    went = await world.read("lots", f"/lots/{goods.sku}/L1/trace-forward")
    (left,) = went["shipped"]
    assert (left["shipment"], left["order"], left["quantity"]) == (shipment, shipped, 3)
    assert (left["customer_name"], left["contact"]) == (CUSTOMER.name, CUSTOMER.contact)
    assert [(it["order"], it["quantity"]) for it in went["orders"]] == [(waiting, 2)]
    assert {it["location"]: it["on_hand"] for it in went["places"]} == {BINS[0]: 6, DOCK: 1}
