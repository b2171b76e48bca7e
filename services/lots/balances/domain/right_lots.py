"""The lot of a corrected number: known already, or new with the dates of the goods (S23, S24)."""

from services.lots.balances.domain.dates import (
    LotDates,
    dates_violation,
    future_date_violation,
    hold_expiry_conflict,
    merge_dates,
    set_dates,
)
from services.lots.balances.domain.records import Lot
from services.lots.balances.domain.results import lot_label
from services.lots.balances.domain.stock_rules import ambiguous_lot, violation
from services.lots.balances.domain.unit_of_work import LotsUnitOfWork
from shared.contracts.commands.lot_corrections import CorrectLotNumber
from shared.contracts.problems import Code, ProblemDetail
from shared.contracts.product_attributes import ShelfLifePolicy
from shared.identifiers import fold_lot
from shared.inventory.effective_expiry import effective_expiry

NO_DATES = LotDates(None, None, None)


def right_lot_violation(uow: LotsUnitOfWork, source: Lot, command: CorrectLotNumber) -> ProblemDetail | None:
    """Return the violation of a right lot that is the wrong one, that is not clear, or that lacks dates."""
    lot = _find_lot(uow, command)
    if lot is source:
        detail = f"{command.from_lot} and {command.lot} are both {lot_label(lot.sku, lot.lot)}"
        return violation(Code.SAME_LOT, detail, command.lot)
    spellings = sorted(other.lot for other in uow.lots_by_key[command.sku, fold_lot(command.lot)])
    if lot is None and spellings:
        return ambiguous_lot(command.sku, command.lot, spellings)
    if problem := future_date_violation(uow, command.sku, command.lot, command.manufactured_on):
        return problem
    dates = right_dates(uow, source, command)
    return dates_violation(uow, command.sku, command.lot, dates, "enter the date on the label")


def get_or_create_lot(uow: LotsUnitOfWork, source: Lot, command: CorrectLotNumber) -> Lot:
    """Return the right lot with the dates in force; another expiry on the label puts a known lot on hold.

    A new lot keeps supplier and time of receipt. Requires the reservations and picked stock of the lot to be loaded.
    """
    lot = _find_lot(uow, command)
    dates = right_dates(uow, source, command)
    if lot is None:
        return uow.lots.put(
            Lot(
                sku=command.sku, lot=command.lot, **dates._asdict(), first_received_at=source.first_received_at,
                supplier=source.supplier,
            )
        )  # fmt: skip
    origin = f"corrected from lot {source.lot}"
    hold_expiry_conflict(uow, lot, _label(uow, command), origin)
    set_dates(uow, lot, dates, f"expiry {command.expiry} {origin}")
    return lot


def _find_lot(uow: LotsUnitOfWork, command: CorrectLotNumber) -> Lot | None:
    return uow.lots.get((command.sku, uow.stored_lot(command.sku, command.lot)))


def right_dates(uow: LotsUnitOfWork, source: Lot, command: CorrectLotNumber) -> LotDates:
    """Return the dates after a correction: a new lot takes over those that the command omits."""
    if lot := _find_lot(uow, command):
        return merge_dates(lot, _label(uow, command))
    return _label(uow, command, LotDates(source.expiry, source.manufactured_on, source.best_before))


def _label(uow: LotsUnitOfWork, command: CorrectLotNumber, omitted: LotDates = NO_DATES) -> LotDates:
    """Return the dates on the label, with the expiry that they give by the rules of the product."""
    manufactured_on = command.manufactured_on or omitted.manufactured_on
    best_before = command.best_before or omitted.best_before
    policy = uow.shelf_life.get(command.sku, ShelfLifePolicy())
    expiry = effective_expiry(policy, command.expiry or omitted.expiry, manufactured_on, best_before).day
    return LotDates(expiry, manufactured_on, best_before)
