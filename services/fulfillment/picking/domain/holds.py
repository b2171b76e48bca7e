"""What a hold means for the orders that have its units: those not yet picked go back, the others wait, marked."""

from collections import defaultdict

from services.fulfillment.orders.domain import Act, Unit, give_back
from shared.contracts.serials import SerialHeld


def hold(act: Act, data: SerialHeld) -> None:
    """Give back what is not picked yet; a picked unit blocks its packing and dispatch until the hold is lifted."""
    for order, units in _in_hand(act, data).items():
        loose = [unit for unit in units if unit.status == "ALLOCATED"]
        owner = act.book.orders.get(order)
        if owner is None:
            continue
        give_back(act, owner, loose, f"held: {data.reason}")
        for unit in units:
            unit.held = True
            act.log(
                order, "held", line=unit.line, sku=unit.sku, serials=[unit.serial], hold=data.hold,
                reason=data.reason, picked=unit.status == "PICKED",
            )  # fmt: skip


def _in_hand(act: Act, data: SerialHeld) -> dict[str, list[Unit]]:
    """The held units by the order that has them in hand; of a unit given back by now nothing is to do.

    One that another order has was freed, its hold lifted, and given to that order: news of two orders may pass.
    """
    found: dict[str, list[Unit]] = defaultdict(list)
    for held in data.units:
        unit = act.book.units.get((data.sku, held.serial))
        if unit is not None and unit.order == held.order:
            found[unit.order].append(unit)
    return found
