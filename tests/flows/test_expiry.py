"""An expiry passes while an order has the lot: it is told, held, given back, and served anew over all services."""

from datetime import UTC, datetime, timedelta
from typing import Any

from shared.contracts.commands.lots import CorrectLot
from tests.flows.dairy import Dairy
from tests.flows.shop import OTHER_SHELF, SHELF, Shop
from tests.flows.waiting import eventually
from tests.flows.world import World

TODAY = datetime.now(UTC).date()


async def test_what_expires_is_given_back_and_served_anew(world: World, shop: Shop) -> None:
    """A lot expires after it was allocated: it is held, the order gets the next lot; lots are watched (S28, S29)."""
    await shop.product(lot_tracked=True)
    dairy = Dairy(world, shop)
    await dairy.received(("A", 5, str(TODAY + timedelta(days=20))), ("B", 5, "2090-01-31"))
    await dairy.put_away("A", "5", SHELF)
    await dairy.put_away("B", "5", OTHER_SHELF)
    order = await shop.order(3, sku=dairy.sku)
    await shop.heard("lots.events", dairy.sku, "lot.allocated.v1", order=order, short=0)
    for threshold in (90, 60, 30):
        await shop.heard("lots.events", dairy.sku, "lot.expiring.v1", lot="A", threshold=threshold)
    assert await given(world, dairy.sku) == {("A", 3)}
    passed = CorrectLot(sku=dairy.sku, lot="A", expiry=TODAY - timedelta(days=3), reason="read anew")
    await world.do(passed, actor="sue")
    (expired,) = await shop.heard("lots.events", dairy.sku, "lot.expired.v1", lot="A")
    await shop.heard("lots.events", dairy.sku, "lot.held.v1", hold=expired["data"]["hold"])

    async def served_anew() -> bool:
        assert await given(world, dairy.sku) == {("B", 3)}
        return True

    await eventually(served_anew)
    assert ("A", "EXPIRED") in await dairy.holds()


async def given(world: World, sku: str) -> set[tuple[str, Any]]:
    """Which lots orders have of a product."""
    rows = await world.rows("lots", "SELECT lot, quantity FROM reserved WHERE sku = $1 AND quantity > 0", sku)
    return {(row["lot"], row["quantity"]) for row in rows}
