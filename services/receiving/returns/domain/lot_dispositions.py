"""Dispositions of returned lots; parts of a quantity may have different dispositions."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from decimal import Decimal

from services.receiving.returns.domain.records import CustomerReturn, LotDisposition, ReturnLot
from services.receiving.unit_of_work import ReceivingUnitOfWork
from shared.contracts.commands.receiving import DisposeReturn
from shared.contracts.envelope import chunks
from shared.contracts.problems import Code, ProblemDetail
from shared.contracts.quantities import LotQuantity
from shared.contracts.receiving import ReturnLotsDisposed
from shared.identifiers import matching_spellings, resource_path
from shared.inventory.decimals import precision_violation


def dispose_lots(uow: ReceivingUnitOfWork, command: DisposeReturn) -> tuple[list[LotDisposition], list[ProblemDetail]]:
    """Dispose of the listed quantities, or of all pending ones; only excessive quantities are rejected."""
    returned_lots = sorted(
        returned_lot
        for returned_lot in uow.returned_lots_by_return[command.return_id]
        if command.sku in {None, returned_lot.sku}
    )
    dispositions: list[LotDisposition] = []
    violations: list[ProblemDetail] = []
    if not command.lots and not command.serials:
        dispositions = [
            _dispose_part(uow, command, returned_lot, returned_lot.pending_quantity)
            for returned_lot in returned_lots
            if returned_lot.pending_quantity
        ]
    for requested in command.lots:
        spellings = matching_spellings(requested.lot, (returned_lot.lot for returned_lot in returned_lots))
        if len(spellings) > 1:
            detail = f"Lot {requested.lot} fits returned lots {', '.join(spellings)}"
            ids = [requested.lot]
            violations.append(ProblemDetail(code=Code.LOT_AMBIGUOUS, detail=detail, ids=ids, suggested=spellings))
            continue
        candidates = [
            uow.returned_lots[returned_lot.key] for returned_lot in returned_lots if [returned_lot.lot] == spellings
        ]
        if violation := _disposition_violation(uow, command, requested, candidates):
            violations.append(violation)
            continue
        remaining = requested.quantity
        for returned_lot in candidates:
            if disposed := min(remaining, returned_lot.pending_quantity):
                dispositions.append(_dispose_part(uow, command, returned_lot, disposed))
                remaining -= disposed
    return dispositions, violations


def _disposition_violation(
    uow: ReceivingUnitOfWork, command: DisposeReturn, requested: LotQuantity, returned_lots: Sequence[ReturnLot]
) -> ProblemDetail | None:
    skus = sorted({returned_lot.sku for returned_lot in returned_lots})
    if len(skus) > 1:
        detail = f"Return {command.return_id} has lot {requested.lot} of products {', '.join(skus)}; `sku` is required"
        return ProblemDetail(code=Code.VALIDATION_ERROR, detail=detail, ids=[requested.lot])
    pending = sum((returned_lot.pending_quantity for returned_lot in returned_lots), Decimal(0))
    if requested.quantity == pending:
        return None
    if skus and (
        violation := precision_violation(skus[0], requested.quantity, uow.decimals(skus[0]), requested.lot or skus[0])
    ):
        return violation
    if requested.quantity < pending:
        return None
    disposed = sum((returned_lot.disposed for returned_lot in returned_lots), Decimal(0))
    detail = (
        f"Return {command.return_id}: {requested.quantity:f} of {requested.lot or command.sku or 'the lot'} requested,"
        f" {pending:f} pending and {disposed:f} disposed"
    )
    code = Code.ALREADY_DISPOSED if disposed else Code.NOT_IN_RETURN
    return ProblemDetail(
        code=code, detail=detail, ids=[requested.lot], blocked_by=[resource_path("returns", command.return_id)]
    )


def _dispose_part(
    uow: ReceivingUnitOfWork, command: DisposeReturn, returned_lot: ReturnLot, quantity: Decimal
) -> LotDisposition:
    uow.returned_lots.put(returned_lot._replace(disposed=returned_lot.disposed + quantity))
    disposition = LotDisposition(
        return_id=returned_lot.return_id, sku=returned_lot.sku, lot=returned_lot.lot, location=returned_lot.location,
        quantity=quantity, disposition=command.disposition, reason=command.reason, disposed_at=uow.now,
        disposed_by=uow.event.actor,
    )  # fmt: skip
    uow.lot_dispositions.append(disposition)
    return disposition


def emit_lots_disposed(
    uow: ReceivingUnitOfWork,
    return_record: CustomerReturn,
    command: DisposeReturn,
    dispositions: Iterable[LotDisposition],
) -> None:
    """Emit the disposition events, by product and location."""
    lots_by_location: dict[tuple[str, str], list[LotQuantity]] = defaultdict(list)
    for disposition in dispositions:
        lots_by_location[disposition.sku, disposition.location].append(
            LotQuantity(lot=disposition.lot, quantity=disposition.quantity)
        )
    for (sku, location), lots in lots_by_location.items():
        for chunk in chunks(lots):
            uow.emit(
                ReturnLotsDisposed, return_id=return_record.return_id, hold_id=return_record.hold_id, sku=sku,
                location=location, lots=list(chunk), disposition=command.disposition, reason=command.reason,
            )  # fmt: skip
