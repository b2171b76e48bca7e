"""The lot of a corrected number: known already, or new with the dates of the goods (S23, S24)."""

from services.lots.balances.domain.dates import LotDates, dates_violation, hold_expiry_conflict, merge_dates, set_dates
from services.lots.balances.domain.records import Lot
from services.lots.balances.domain.unit_of_work import LotsUnitOfWork
from shared.contracts.commands.lots import CorrectLotNumber
from shared.contracts.problems import ProblemDetail


def right_lot_violation(uow: LotsUnitOfWork, source: Lot, command: CorrectLotNumber) -> ProblemDetail | None:
    """Return the violation of the dates that the right lot would have."""
    dates = _dates(uow.lots.get((command.sku, command.lot)), source, command)
    return dates_violation(uow, command.sku, command.lot, dates, "enter the date on the label")


def get_or_create_lot(uow: LotsUnitOfWork, source: Lot, command: CorrectLotNumber) -> Lot:
    """Return the right lot with the dates in force; another expiry on the label puts a known lot on hold.

    A new lot keeps supplier and time of receipt. Requires the reservations and picked stock of the lot to be loaded.
    """
    lot = uow.lots.get((command.sku, command.lot))
    dates = _dates(lot, source, command)
    if lot is None:
        return uow.lots.put(
            Lot(
                sku=command.sku, lot=command.lot, **dates._asdict(), first_received_at=source.first_received_at,
                supplier=source.supplier,
            )
        )  # fmt: skip
    origin = f"corrected from lot {source.lot}"
    hold_expiry_conflict(uow, lot, _label(command), origin)
    set_dates(uow, lot, dates, f"expiry {command.expiry} {origin}")
    return lot


def _dates(lot: Lot | None, source: Lot, command: CorrectLotNumber) -> LotDates:
    """Return the dates after a correction: a new lot takes over those that the command omits."""
    label = _label(command)
    if lot is not None:
        return merge_dates(lot, label)
    return LotDates(
        label.expiry or source.expiry,
        label.manufactured_on or source.manufactured_on,
        label.best_before or source.best_before,
    )


def _label(command: CorrectLotNumber) -> LotDates:
    return LotDates(command.expiry, command.manufactured_on, command.best_before)
