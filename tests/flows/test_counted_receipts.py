"""Counted goods over all services: known with their receipt, held where their label says so, back from customers."""

from decimal import Decimal

import pytest

from shared.contracts.commands.receiving import DisposeReturn, ReceiveReturn, Scan
from tests.flows.dairy import Dairy
from tests.flows.shop import DOCK, SHELF, Shop
from tests.flows.waiting import eventually
from tests.flows.world import World


@pytest.fixture
async def dairy(world: World, shop: Shop) -> Dairy:
    """Give milk to a test."""
    life = {"min_life_at_receipt": 30, "short_life": "HOLD"}
    await shop.product(lot_tracked=True, life=life)
    return Dairy(world, shop)


async def test_lots_are_known_with_their_receipt(dairy: Dairy) -> None:
    """Two lots of one receipt are known with numbers as scanned, dates, quantities and supplier, at once (S23-S26)."""
    await dairy.received(("0a/7 B", 12.5, "2090-01-31"), ("0A/7 B", 3, "2090-02-28"))
    assert await dairy.balances() == {("0a/7 B", DOCK): Decimal("12.5"), ("0A/7 B", DOCK): 3}
    lot = await dairy.lot("0a/7 B")
    assert (str(lot["expiry"]), lot["supplier"]) == ("2090-01-31", "Dairy")
    assert await dairy.holds() == []


async def test_two_receipts_name_other_dates(dairy: Dairy) -> None:
    """Both quantities of a lot are taken in, the earlier expiry is in force, and the lot is held (S24)."""
    await dairy.received(("L", 5, "2090-02-28"))
    await dairy.received(("L", 7, "2090-01-31"))
    assert await dairy.balances() == {("L", DOCK): 12}
    assert str((await dairy.lot("L"))["expiry"]) == "2090-01-31"
    assert await dairy.holds() == [("L", "EXPIRY_DIFFERS")]


async def test_too_little_life_is_taken_in_on_hold(dairy: Dairy, world: World, shop: Shop) -> None:
    """A lot with too little life, by a policy that holds, can be put away, and no order is given any of it (S28)."""
    await dairy.received(("OLD", 5, "2020-01-31"))
    assert ("OLD", "SHORT_LIFE") in await dairy.holds()
    await dairy.put_away("OLD", "5")
    order = await shop.order(2, sku=dairy.sku)
    await shop.heard("lots.events", dairy.sku, "lot.allocated.v1", order=order, short=2)
    await world.quiet()
    assert await shop.picks(order, 0) == []


async def test_a_lot_comes_back_in_parts(dairy: Dairy, world: World, shop: Shop) -> None:
    """At most what was shipped comes back, on hold; a part is restocked and sold again, a part scrapped (S18)."""
    await dairy.received(("L", 10, "2090-01-31"))
    await dairy.put_away("L", "10")
    order = await shop.order(6, sku=dairy.sku)
    await dairy.shipped(order, "L", "6")
    back = {"return_id": shop.no("RMA"), "order": order, "customer": "C-1", "sku": dairy.sku, "location": DOCK}
    lots = {"lots": [{"lot": "L", "quantity": 5}], "reason": "too much"}

    async def known() -> bool:
        found = await world.rows("receiving", 'SELECT shipped FROM shipped_lot WHERE "order" = $1', order)
        return bool(found)

    await eventually(known)
    wish = ReceiveReturn.model_validate(back | lots)
    await world.refused(wish.model_copy(update={"customer": "C-2"}), "not_shipped_to_customer")
    await world.do(wish)
    await world.refused(wish.model_copy(update={"return_id": shop.no("RMA")}), "already_returned")
    await shop.heard("lots.events", dairy.sku, "lot.received.v1", return_id=back["return_id"])
    assert await dairy.holds() == [("L", "RETURN")]
    decision = {"return_id": back["return_id"], "reason": "looked at"}
    some = {"lots": [{"lot": "L", "quantity": 2}], "disposition": "SCRAP"}
    await world.do(DisposeReturn.model_validate(decision | some), actor="sue")
    await shop.heard("lots.events", dairy.sku, "lot.adjusted.v1", adjustment="SCRAPPED", quantity=2)
    assert await dairy.holds() == [("L", "RETURN")]
    await world.do(DisposeReturn.model_validate(decision | {"disposition": "RESTOCK"}), actor="sue")
    await shop.heard("lots.events", dairy.sku, "lot.hold_lifted.v1", lot="L")
    await dairy.put_away("L", "3")
    assert await dairy.balances() == {("L", SHELF): 7}
    assert await dairy.holds() == []
    again = await shop.order(7, sku=dairy.sku)
    await shop.heard("lots.events", dairy.sku, "lot.allocated.v1", order=again, short=0)


async def test_units_show_the_lot_and_expiry_of_their_label(world: World, shop: Shop) -> None:
    """A serialised unit keeps the lot number and expiry that were scanned with it (S34)."""
    await shop.product()
    serials = shop.serials(2)
    receipt = await shop.announced(serials)
    labelled = {"lot": "L/1", "expiry": "2090-01-31"}
    scan = shop.scan(receipt, serials).model_dump(exclude_unset=True) | labelled
    await world.do(Scan.model_validate(scan))
    await shop.confirm(receipt)
    await shop.status(serials, "RECEIVED")
    unit = await shop.unit(serials[0])
    assert (unit["lot"], unit["expiry"]) == ("L/1", "2090-01-31")
