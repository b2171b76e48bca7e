"""Dispositions of returned items."""

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from services.receiving.receipts.domain.results import CommandOutcome, context_of, reject
from services.receiving.returns.domain.lot_dispositions import dispose_lots, lots_disposed_events
from services.receiving.returns.domain.records import CustomerReturn, ReturnResult, ReturnsUnitOfWork, ReturnUnit
from shared.contracts.commands.receiving import DisposeReturn
from shared.contracts.envelope import CloudEvent, Message, chunks
from shared.contracts.problems import Code, ProblemDetail
from shared.contracts.quantities import LotQuantity
from shared.contracts.receiving import ReturnSerialsDisposed
from shared.identifiers import resource_path


def dispose_return(uow: ReturnsUnitOfWork, event: CloudEvent[DisposeReturn]) -> CommandOutcome:
    """Restock, scrap or return items to the vendor, each once; all pending items if none is listed."""
    command = event.data
    return_record = uow.returns.get(command.return_id)
    if return_record is None:
        return reject(Code.RETURN_NOT_FOUND, f"Return {command.return_id} not found")
    is_everything = not command.serials and not command.lots
    dispositions, lot_violations = dispose_lots(uow, event)
    units, serial_violations = _dispose_serials(uow, event) if command.serials or is_everything else ([], [])
    if is_everything and not dispositions and not units:
        detail = f"Return {command.return_id} has no pending items"
        return reject(Code.ALREADY_DISPOSED, detail, blocked_by=[resource_path("returns", command.return_id)])
    if not dispositions and not units:
        return CommandOutcome(violations=[*lot_violations, *serial_violations])
    lots = [LotQuantity(lot=disposition.lot, quantity=disposition.quantity) for disposition in dispositions]
    body = ReturnResult(
        return_id=command.return_id, hold_id=return_record.hold_id, serials=[unit.serial for unit in units], lots=lots
    )
    events = [
        *_serials_disposed_events(return_record, event, units),
        *lots_disposed_events(return_record, event, dispositions),
    ]
    return CommandOutcome(body, events, [*lot_violations, *serial_violations])


def _dispose_serials(
    uow: ReturnsUnitOfWork, event: CloudEvent[DisposeReturn]
) -> tuple[list[ReturnUnit], list[ProblemDetail]]:
    command, serials = event.data, set(event.data.serials)
    units = [
        unit
        for unit in uow.returned_units.values()
        if unit.return_id == command.return_id and command.sku in {None, unit.sku}
    ]
    chosen = [unit for unit in units if unit.serial in serials or not (serials or unit.disposition)]
    disposed = [unit.serial for unit in chosen if unit.disposition]
    unknown = sorted(serials - {unit.serial for unit in chosen})
    pending_units = [unit for unit in chosen if not unit.disposition]
    for unit in pending_units:
        uow.returned_units[unit.key] = unit._replace(
            disposition=command.disposition,
            disposed_reason=command.reason,
            disposed_at=uow.now,
            disposed_by=event.actor,
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


def _serials_disposed_events(
    return_record: CustomerReturn, event: CloudEvent[DisposeReturn], units: Sequence[ReturnUnit]
) -> list[Message]:
    serials_by_sku: dict[str, list[str]] = defaultdict(list)
    for unit in units:
        serials_by_sku[unit.sku].append(unit.serial)
    common_fields: dict[str, Any] = {
        "disposition": event.data.disposition,
        "reason": event.data.reason,
        **context_of(event),
    }
    return [
        ReturnSerialsDisposed(
            return_id=return_record.return_id,
            hold_id=return_record.hold_id,
            sku=sku,
            serials=list(chunk),
            **common_fields,
        )
        for sku, serials in serials_by_sku.items()
        for chunk in chunks(serials)
    ]
