"""How many statements a transaction sends."""

from collections.abc import Sequence
from decimal import Decimal

from shared.contracts.commands.fulfillment import CreateShipment, Dispatch, ShortPick, Unpick
from shared.contracts.envelope import Fact
from shared.contracts.fulfillment import AllocationRequested, DispatchRequested
from shared.contracts.lots import HeldStock, LotCorrected, LotHeld, LotHoldLifted
from shared.contracts.upstream import OrderCancelled
from tests.fulfillment.counted import Lots
from tests.fulfillment.desk import Desk


async def life(desk: Desk, names: Sequence[str], units: int) -> list[int]:
    """Orders of some units through their whole life, each step in one transaction; its statements."""
    counted = []

    async def step(facts: Sequence[Fact]) -> None:
        answers = await desk.tell(*facts)
        assert not [answer for answer in answers if answer is not None and answer.refusals]
        counted.append(desk.statements)

    def serials(name: str) -> list[str]:
        return [f"{name}-{number}" for number in range(units)]

    await step([desk.order(name, units) for name in names])
    asked = desk.heard(AllocationRequested)
    await step([desk.gives(demand, serials(name)) for demand, name in zip(asked, names, strict=True)])
    await step([desk.pick(name, *serials(name)) for name in names])
    await step([desk.pack(name, f"C-{name}", *serials(name)) for name in names])
    await step([CreateShipment(shipment=desk.no(f"SH-{name}"), cartons=[desk.no(f"C-{name}")]) for name in names])
    await step([Dispatch(shipment=desk.no(f"SH-{name}")) for name in names])
    await step(desk.approves(desk.heard(DispatchRequested)))
    await step([desk.order(f"{name}-2", units) for name in names])
    await step([OrderCancelled(order=desk.no(f"{name}-2")) for name in names])
    return counted


async def test_statements_do_not_grow_with_units_or_messages(desk: Desk) -> None:
    """One order of one unit, one of fifty, and fifty orders of two send the same number of statements."""
    one = await life(desk, ["one"], 1)
    assert await life(desk, ["large"], 50) == one
    assert await life(desk, [f"many{number}" for number in range(50)], 2) == one


async def counted_life(lots: Lots, names: Sequence[str], piles: int) -> list[int]:
    """Orders of some piles through their life, with a part short, put back and held; its statements."""
    desk, counted = lots.desk, []

    async def step(facts: Sequence[Fact]) -> None:
        answers = await desk.tell(*facts)
        assert not [answer for answer in answers if answer is not None and answer.refusals]
        counted.append(desk.statements)

    def some(quantity: str) -> list[tuple[str, str]]:
        return [(f"L{number}", quantity) for number in range(piles)]

    def hold(asked: AllocationRequested) -> LotHeld:
        stock = HeldStock(order=asked.order, line="1", demand=asked.demand, lot="L0", quantity=Decimal(1))
        return LotHeld(sku=lots.sku, lot="L0", hold=f"H-{asked.order}", reason="recall", stock=[stock])

    orders = [desk.no(name) for name in names]
    await step([lots.order(name, 4 * piles) for name in names])
    asked = desk.heard(AllocationRequested)
    await step([lots.gives(demand, *some("4")) for demand in asked])
    await step([lots.pick(name, *some("2.5")) for name in names])
    await step([ShortPick(order=order, stock=lots.stock(*some("0.5")), reason="gone") for order in orders])
    await step(
        [Unpick(order=order, stock=lots.stock(*some("0.5")), location="EAST/A-1", reason="x") for order in orders]
    )
    await step([lots.pack(name, f"C-{name}", *some("1.5")) for name in names])
    await step([lots.pack(name, f"C-{name}", *some("0.5")) for name in names])
    await step([CreateShipment(shipment=desk.no(f"SH-{name}"), cartons=[desk.no(f"C-{name}")]) for name in names])
    await step([Dispatch(shipment=desk.no(f"SH-{name}")) for name in names])
    await step(lots.approves(desk.heard(DispatchRequested)))
    await step([hold(demand) for demand in asked])
    lifted = [LotHoldLifted(sku=lots.sku, lot="L0", hold=f"H-{order}", reason="fine") for order in orders]
    await step(lifted)
    await step([LotCorrected(sku=lots.sku, lot="L0", orders=orders, reason="read anew")] * len(names))
    await step([OrderCancelled(order=order) for order in orders])
    return counted


async def test_statements_do_not_grow_with_piles_or_messages(desk: Desk) -> None:
    """One order of two lots, one of fifty, and fifty orders of three send the same number of statements."""
    lots = await Lots(desk).furnish()
    one = await counted_life(lots, ["one"], 2)
    assert await counted_life(lots, ["large"], 50) == one
    assert await counted_life(lots, [f"many{number}" for number in range(50)], 3) == one
