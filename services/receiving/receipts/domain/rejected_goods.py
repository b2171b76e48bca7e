"""Goods rejected on arrival, for example expired ones: discrepancies that the rejection itself decides (S16, S24)."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal

from services.receiving.receipts.domain.receive import DISCREPANCY_TEXT, end_discrepancy, record_discrepancies
from services.receiving.receipts.domain.records import Discrepancy, ReceiptLine, Unit
from services.receiving.unit_of_work import ReceivingUnitOfWork
from shared.contracts.commands.receiving import ScanItems, ScannedLot
from shared.contracts.receiving import RejectionKind
from shared.identifiers import fold_lot

ACCEPTED_LATER = "accepted by a later scan"
"""Reason of withdrawn rejections."""

REPLACED_FIELDS = ("kind", "line", "quantity", "lot", "expiry")
"""Fields that make a later rejection of the same goods differ from the recorded one."""


def rejection_kind(
    uow: ReceivingUnitOfWork, sku: str, location: str, expiry: date | None, *, has_lot: bool = True
) -> RejectionKind | None:
    """Return why goods with this expiry date are rejected on arrival; None if they are received."""
    policy = uow.shelf_life_policy(sku)
    if expiry is None:
        return "EXPIRY_REQUIRED" if has_lot and policy.expiry_required else None
    if policy.short_shelf_life_policy == "HOLD" or not (violation := uow.shelf_life_violation(sku, location, expiry)):
        return None
    return "EXPIRED" if violation == "expired" else "INSUFFICIENT_SHELF_LIFE"


def reject_lot(
    uow: ReceivingUnitOfWork, command: ScanItems, sku: str, kind: RejectionKind, label: ScannedLot, *,
    scan: str | None,
) -> None:  # fmt: skip
    """Record a rejected lot with its quantity; its latest one in a session or carton replaces others."""
    lines = uow.lines_of(command.receipt, sku)
    rejection = _to_rejection(
        uow, command, kind, sku=sku, line=lines[0].line if lines else None, quantity=label.quantity or Decimal(0),
        lot=label.lot, expiry=label.expiry, scan=scan,
    )  # fmt: skip
    earlier = [
        existing
        for existing in uow.rejections_by_item[command.receipt, sku, fold_lot(label.lot)]
        if existing.session == command.session and existing.inferred_from == command.inferred_from
    ]
    _record(uow, rejection, earlier)


def reject_serial(
    uow: ReceivingUnitOfWork, command: ScanItems, sku: str, kind: RejectionKind, *, unit: Unit, expiry: date | None,
    scan: str | None,
) -> None:  # fmt: skip
    """Record a rejected unit; its latest rejection on the receipt replaces an earlier one."""
    serial, lines = unit.serial, uow.lines_of(command.receipt, sku)
    is_expected_here = unit.status == "EXPECTED" and unit.receipt == command.receipt
    line = unit.line if is_expected_here else lines[0].line if lines else None
    rejection = _to_rejection(
        uow, command, kind, sku=sku, line=line, quantity=Decimal(1), serial=serial,
        lot=command.lot or unit.announced_lot, expiry=expiry, scan=scan,
    )  # fmt: skip
    _record(uow, rejection, uow.rejections_by_item[command.receipt, sku, serial])


def withdraw_rejections(uow: ReceivingUnitOfWork, rejections: Iterable[Discrepancy], reason: str) -> int:
    """Void rejections whose goods were accepted later or scanned by mistake; return their number."""
    withdrawn = list(rejections)
    for rejection in withdrawn:
        end_discrepancy(uow, rejection, "VOID", reason)
    return len(withdrawn)


def rejected_by_line(
    lines: Sequence[ReceiptLine], missing_serials: Mapping[str, Sequence[str]], rejections: Iterable[Discrepancy]
) -> tuple[dict[str, Decimal], dict[str, list[str]]]:
    """Assign rejected goods to the lines that miss them; return quantities and the serials still missing, by line."""
    line_by_serial = {(line.sku, serial): line for line in lines for serial in missing_serials.get(line.line, ())}
    rejected: dict[str, Decimal] = defaultdict(Decimal)
    unlisted: dict[str, Decimal] = defaultdict(Decimal)
    for rejection in rejections:
        if line := line_by_serial.pop((rejection.sku, rejection.serial or ""), None):
            rejected[line.line] = min(rejected[line.line] + 1, line.missing_quantity)
        else:
            unlisted[rejection.sku] += rejection.quantity
    still_missing: dict[str, list[str]] = defaultdict(list)
    for (_, serial), line in line_by_serial.items():
        still_missing[line.line].append(serial)
    for line in lines:
        capacity = line.missing_quantity - rejected[line.line] - len(still_missing[line.line])
        covered = max(min(unlisted[line.sku], capacity), Decimal(0))
        rejected[line.line] += covered
        unlisted[line.sku] -= covered
    return rejected, still_missing


def _to_rejection(
    uow: ReceivingUnitOfWork, command: ScanItems, kind: RejectionKind, *, sku: str, line: str | None,
    quantity: Decimal, lot: str | None, expiry: date | None, scan: str | None, serial: str | None = None,
) -> Discrepancy:  # fmt: skip
    return Discrepancy(
        discrepancy="", receipt=command.receipt, session=command.session, kind=kind, line=line, sku=sku, serial=serial,
        missing_serials=[], quantity=quantity, location=command.location, conflicting_value=None, found_at=uow.now,
        found_by=uow.event.actor, resolution="REJECT", reason=DISCREPANCY_TEXT[kind].format(expiry=expiry),
        resolved_at=uow.now, resolved_by=uow.event.actor, lot=lot, expiry=expiry, scan=scan,
        inferred_from=command.inferred_from,
    )  # fmt: skip


def _record(uow: ReceivingUnitOfWork, rejection: Discrepancy, earlier: Sequence[Discrepancy]) -> None:
    """Record a new rejection, or replace the content of an earlier one; a repeated scan changes nothing."""
    if earlier:
        (existing,) = earlier
        rejection = rejection._replace(discrepancy=existing.discrepancy)
        if all(getattr(rejection, name) == getattr(existing, name) for name in REPLACED_FIELDS):
            return
    else:
        rejection = rejection._replace(discrepancy=next(uow.ids))
        uow.receipts.put(uow.receipts[rejection.receipt]._replace(has_rejections=True))
    record_discrepancies(uow, [rejection])
