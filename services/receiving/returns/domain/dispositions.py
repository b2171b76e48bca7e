"""Dispositions of returned items."""

from collections import defaultdict
from collections.abc import Sequence

from services.receiving.receipts.domain.results import reject
from services.receiving.returns.domain.lot_dispositions import dispose_lots, emit_lots_disposed
from services.receiving.returns.domain.records import CustomerReturn, ReturnResult, ReturnUnit
from services.receiving.unit_of_work import ReceivingUnitOfWork
from shared.contracts.commands.receiving import DisposeReturn
from shared.contracts.envelope import chunks
from shared.contracts.problems import Code, ProblemDetail
from shared.contracts.quantities import LotQuantity
from shared.contracts.receiving import ReturnSerialsDisposed
from shared.identifiers import resource_path
from shared.unit_of_work import CommandResult


def dispose_return(uow: ReceivingUnitOfWork, command: DisposeReturn) -> CommandResult:
    """Restock, scrap or return items to the vendor, each once; all pending items if none is listed."""
    return_record = uow.returns.get(command.return_id)
    if return_record is None:
        return reject(Code.RETURN_NOT_FOUND, f"Return {command.return_id} not found")
    is_everything = not command.serials and not command.lots
    dispositions, lot_violations = dispose_lots(uow, command)
    units, serial_violations = _dispose_serials(uow, command) if command.serials or is_everything else ([], [])
    if is_everything and not dispositions and not units:
        detail = f"Return {command.return_id} has no pending items"
        return reject(Code.ALREADY_DISPOSED, detail, blocked_by=[resource_path("returns", command.return_id)])
    if not dispositions and not units:
        return CommandResult.rejected(*lot_violations, *serial_violations)
    lots = [LotQuantity(lot=disposition.lot, quantity=disposition.quantity) for disposition in dispositions]
    body = ReturnResult(
        return_id=command.return_id, hold_id=return_record.hold_id, serials=[unit.serial for unit in units], lots=lots
    )
    _emit_serials_disposed(uow, return_record, command, units)
    emit_lots_disposed(uow, return_record, command, dispositions)
    return CommandResult(body, violations=[*lot_violations, *serial_violations])


def _dispose_serials(uow: ReceivingUnitOfWork, command: DisposeReturn) -> tuple[list[ReturnUnit], list[ProblemDetail]]:
    serials = set(command.serials)
    units = [unit for unit in uow.returned_units_by_return[command.return_id] if command.sku in {None, unit.sku}]
    chosen = [unit for unit in units if unit.serial in serials or not (serials or unit.disposition)]
    disposed = [unit.serial for unit in chosen if unit.disposition]
    unknown = sorted(serials - {unit.serial for unit in chosen})
    pending_units = [unit for unit in chosen if not unit.disposition]
    for unit in pending_units:
        uow.returned_units.put(
            unit._replace(
                disposition=command.disposition,
                disposed_reason=command.reason,
                disposed_at=uow.now,
                disposed_by=uow.event.actor,
            )
        )
    return pending_units, _disposition_violations(command, disposed, unknown)


def _disposition_violations(command: DisposeReturn, disposed: list[str], unknown: list[str]) -> list[ProblemDetail]:
    violations = []
    if disposed:
        detail = f"Return {command.return_id}: {len(disposed)} units already have a disposition"
        return_paths = [resource_path("returns", command.return_id)]
        violations.append(
            ProblemDetail(code=Code.ALREADY_DISPOSED, detail=detail, ids=disposed, blocked_by=return_paths)
        )
    if unknown:
        detail = f"Return {command.return_id} does not contain {len(unknown)} of these units"
        violations.append(ProblemDetail(code=Code.NOT_IN_RETURN, detail=detail, ids=unknown))
    return violations


def _emit_serials_disposed(
    uow: ReceivingUnitOfWork, return_record: CustomerReturn, command: DisposeReturn, units: Sequence[ReturnUnit]
) -> None:
    serials_by_sku: dict[str, list[str]] = defaultdict(list)
    for unit in units:
        serials_by_sku[unit.sku].append(unit.serial)
    for sku, serials in serials_by_sku.items():
        for chunk in chunks(serials):
            uow.emit(
                ReturnSerialsDisposed, return_id=return_record.return_id, hold_id=return_record.hold_id, sku=sku,
                serials=list(chunk), disposition=command.disposition, reason=command.reason,
            )  # fmt: skip
