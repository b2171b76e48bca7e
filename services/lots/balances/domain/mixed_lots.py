"""One lot of a product per storage location: commands are rejected, other arrivals are reported (S30)."""

from services.lots.balances.domain.records import Balance
from services.lots.balances.domain.stock_rules import violation
from services.lots.balances.domain.unit_of_work import LotsUnitOfWork
from shared.contracts.lots import LotMixingDetected
from shared.contracts.problems import Code, ProblemDetail


def mixed_lot_violation(
    uow: LotsUnitOfWork, target: Balance, source_location: str | None = None
) -> ProblemDetail | None:
    """Return the violation of a second lot of the product at a storage location; it suggests another location."""
    if not (conflicting_lots := other_lots(uow, target)):
        return None
    detail = f"Location {target.location} already holds lot {', '.join(conflicting_lots)} of {target.sku}"
    problem = violation(Code.MIXED_LOTS_NOT_ALLOWED, detail, *conflicting_lots)
    suggestion = uow.suggested_locations.get(target.key)
    if suggestion in {None, source_location}:
        return problem
    return problem.model_copy(update={"detail": f"{detail}; use {suggestion}", "suggested": [suggestion]})


def other_lots(uow: LotsUnitOfWork, balance: Balance) -> list[str]:
    """Return the other loaded lots of the product at a storage location; elsewhere lots may mix."""
    if not balance.is_storage:
        return []
    return sorted(
        other.lot
        for other in uow.balances_by_location[balance.sku, balance.location]
        if other.lot != balance.lot and other.on_hand > 0
    )


def report_mixed_lots(uow: LotsUnitOfWork) -> None:
    """Report the storage locations where stock arrived that have several lots of a product."""
    for (sku, location), context in uow.arrivals.items():
        balances = uow.balances_by_location[sku, location]
        lots = sorted(balance.lot for balance in balances if balance.on_hand > 0 and balance.is_storage)
        if len(lots) > 1:
            uow.emit(LotMixingDetected, context, sku=sku, location=location, lots=lots)
    uow.arrivals.clear()
