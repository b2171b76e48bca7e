"""One lot of a product per storage location (S30)."""

from services.lots.balances.domain.records import Balance, MessageContext
from services.lots.balances.domain.unit_of_work import LotsUnitOfWork
from shared.contracts.lots import LotMixingDetected


def other_lots(uow: LotsUnitOfWork, balance: Balance) -> list[str]:
    """Return the other loaded lots of the product at a storage location; elsewhere lots may mix."""
    if not balance.is_storage:
        return []
    return sorted(
        other.lot
        for other in uow.balances_by_location[balance.sku, balance.location]
        if other.lot != balance.lot and other.on_hand > 0
    )


def mixed_lot_events(uow: LotsUnitOfWork, balance: Balance, context: MessageContext) -> list[LotMixingDetected]:
    """Build an event if the balance's storage location now holds several lots of the product."""
    if balance.on_hand <= 0 or not (lots := other_lots(uow, balance)):
        return []
    lot_numbers = sorted([balance.lot, *lots])
    return [
        LotMixingDetected(
            actor=context.actor, cause=context.cause, sku=balance.sku, location=balance.location, lots=lot_numbers
        )
    ]
