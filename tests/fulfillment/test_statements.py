"""How many statements a transaction sends."""

from collections.abc import Sequence

from shared.contracts.commands.fulfillment import CreateShipment, Dispatch
from shared.contracts.envelope import Fact
from shared.contracts.fulfillment import AllocationRequested, DispatchRequested
from shared.contracts.upstream import OrderCancelled
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
