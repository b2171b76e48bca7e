"""Scans whose lot number spells a known lot in another way: set aside when their session is confirmed (S25)."""

from collections.abc import Iterable, Sequence

from services.receiving.receipts.domain.records import Discrepancy, LotScan, Unit, UnmatchedScan
from services.receiving.unit_of_work import ReceivingUnitOfWork
from shared.contracts.commands.receiving import ResolveDiscrepancy
from shared.contracts.problems import Code, ProblemDetail
from shared.identifiers import matching_spellings


def set_aside_units(uow: ReceivingUnitOfWork, units: Iterable[Unit]) -> tuple[list[Unit], list[UnmatchedScan]]:
    """Separate scanned units whose lot became known in another spelling; these are not scanned any more."""
    accepted, set_aside = [], []
    known_lots: dict[tuple[str, str], str | None] = {}
    for unit in units:
        known = None
        if unit.lot:
            key = unit.sku, unit.lot
            if key not in known_lots:
                known_lots[key] = uow.known_lots.other_spelling(*key)
                if known_lots[key] is None:
                    uow.known_lots.learn(*key)
            known = known_lots[key]
        if known is None:
            accepted.append(unit)
        else:
            set_aside.append(_unmatched_scan(uow, unit, known))
            _return_to_receipt(uow, unit)
    return accepted, set_aside


def set_aside_lot_scans(uow: ReceivingUnitOfWork, scans: Iterable[LotScan]) -> tuple[list[LotScan], list[LotScan]]:
    """Separate accepted lot scans from unmatched ones, and from those whose lot became known in another spelling."""
    accepted, set_aside = [], []
    for scan in scans:
        if scan.status != "SCANNED":
            set_aside.append(scan)
        elif known := uow.known_lots.other_spelling(scan.sku, scan.lot):
            line = uow.lines[scan.receipt, scan.line or ""]
            uow.lines.put(line._replace(scanned=line.scanned - scan.quantity))
            aside = scan._replace(status="LOT_CASE_MISMATCH", known_lot=known)
            set_aside.append(uow.lot_scans.put(aside))
        else:
            uow.known_lots.learn(scan.sku, scan.lot)
            accepted.append(scan)
    return accepted, set_aside


def received_lot(
    uow: ReceivingUnitOfWork, command: ResolveDiscrepancy, discrepancy: Discrepancy
) -> str | ProblemDetail | None:
    """Return the lot under which an item is received; None if it has none, or is not received."""
    sku, lot = discrepancy.sku, discrepancy.lot
    if lot is None or command.resolution not in {"ACCEPT", "MATCH"}:
        return None
    if discrepancy.kind != "LOT_CASE_MISMATCH":
        return uow.known_lots.other_spelling(sku, lot) or lot
    if command.resolution == "ACCEPT":
        return lot
    known = discrepancy.conflicting_value or lot
    if command.match_to is None:
        return known
    spellings = sorted({*uow.known_lots.spellings(sku, lot), known})
    if len(fitting := matching_spellings(command.match_to, spellings)) == 1:
        return fitting[0]
    detail = f"Lot {command.match_to} is not a known spelling of lot {lot} of product {sku}"
    return ProblemDetail(
        code=Code.RESOLUTION_WITHOUT_EFFECT, detail=detail, ids=[command.match_to], suggested=spellings
    )


def known_on_receipt(lot: str, scans: Sequence[LotScan]) -> str | None:
    """Return the lot of other scans on the receipt that a new lot number spells in another way."""
    lots = {scan.lot for scan in scans if scan.status not in {"REJECTED", "LOT_CASE_MISMATCH"}}
    return None if lot in lots else min(lots, default=None)


def _return_to_receipt(uow: ReceivingUnitOfWork, unit: Unit) -> None:
    key = unit.receipt or "", unit.line or ""
    uow.units.put(unit.as_expected(*key, unit.part) if unit.is_listed else unit.as_inactive())
    line = uow.lines[key]
    uow.lines.put(line._replace(scanned=line.scanned - 1, unlisted_units=line.unlisted_units - (not unit.is_listed)))


def _unmatched_scan(uow: ReceivingUnitOfWork, unit: Unit, known: str) -> UnmatchedScan:
    return UnmatchedScan(
        receipt=unit.receipt or "", sku=unit.sku, serial=unit.serial, session=unit.session or "",
        kind="LOT_CASE_MISMATCH", line=unit.line, location=unit.location or "", conflicting_value=known,
        scanned_by=unit.scanned_by or "", scanned_at=unit.scanned_at or uow.now, lot=unit.lot, expiry=unit.expiry,
        manufactured_on=unit.manufactured_on, expiry_source=unit.expiry_source, scan=unit.scan,
        inferred_from=unit.inferred_from,
    )  # fmt: skip
