"""Evaluation of scanned lots, one by one in the order scanned (S16, S23)."""

from datetime import date
from decimal import Decimal
from typing import NamedTuple

from services.receiving.receipts.domain.announced_lots import DATE_FIELDS, LotExpectation, describe_dates
from services.receiving.receipts.domain.lot_spellings import known_on_receipt
from services.receiving.receipts.domain.misreads import ScanJudge
from services.receiving.receipts.domain.receipt_lines import add_unplanned_line
from services.receiving.receipts.domain.records import UNMATCHED_KINDS, LotScan, LotScanStatus, Receipt
from services.receiving.receipts.domain.rejected_goods import (
    ACCEPTED_LATER,
    reject_lot,
    rejection_kind,
    withdraw_rejections,
)
from services.receiving.receipts.domain.results import LotScanResult, ScanStatus
from services.receiving.receipts.domain.serial_scans import VALID_IDENTIFIER
from services.receiving.unit_of_work import ReceivingUnitOfWork
from shared.contracts.commands.receiving import ScanItems, ScannedLot
from shared.contracts.label_dates import are_in_order, is_in_future
from shared.contracts.product_attributes import ExpirySource
from shared.identifiers import fold_lot
from shared.inventory.decimals import precision_violation
from shared.inventory.effective_expiry import effective_expiry

MAX_QUANTITY = Decimal(1_000_000)
"""Maximum quantity of a lot in one event."""


class LineShare(NamedTuple):
    """Part of a scanned quantity that is assigned to a line."""

    line: str | None
    status: LotScanStatus
    quantity: Decimal


def evaluate_lot_scans(
    uow: ReceivingUnitOfWork, command: ScanItems, receipt: Receipt, sku: str, judge: ScanJudge
) -> list[LotScanResult]:
    """Evaluate the lots of one scan and record the results in the unit of work."""
    evaluator = _LotScanEvaluator(uow, command, receipt, sku, judge)
    return [evaluator.evaluate(entry) for entry in command.lots]


class _JudgedLot(NamedTuple):
    """A scanned lot with the dates in force, and how it differs from known and announced lots."""

    label: ScannedLot
    expiry_source: ExpirySource | None
    known_lot: str | None
    difference: str | None


class _LotScanEvaluator:
    """Evaluates lot scans of one product on one receipt."""

    def __init__(
        self, uow: ReceivingUnitOfWork, command: ScanItems, receipt: Receipt, sku: str, judge: ScanJudge
    ) -> None:
        self.uow, self.receipt, self.receipt_id, self.sku = uow, receipt, receipt.receipt, sku
        self.command, self.actor, self.judge = command, uow.event.actor, judge
        self.scan = next((read.text for read in command.read_scans), None)
        self.label_sku = next((read.label_sku for read in command.read_scans), None)
        """Product on the label, if it is another one."""
        self.policy = uow.shelf_life_policy(sku)
        self.is_short_life_held = self.policy.short_shelf_life_policy == "HOLD"
        self.barcode_quantity = uow.barcodes[self.command.barcode].quantity if self.command.barcode else None
        self.seen_lots: set[str] = set()
        self.today = uow.latest_date(command.location)
        self.expectation = LotExpectation(uow.lines_of(self.receipt_id, sku))

    def evaluate(self, entry: ScannedLot) -> LotScanResult:
        """Evaluate one lot and record the scan."""
        if entry.lot and self.uow.tracking(self.sku) == "LOT" and (misread := self.judge.misread_lot(entry.lot)):
            return LotScanResult(entry.lot, "NOT_A_LOT", conflicting_value=misread.description, read_as=misread.read_as)
        if error := self._label_violation(entry) or self._count_violation(entry):
            made_on = _format_day(entry.manufactured_on) if error == "MANUFACTURED_IN_FUTURE" else None
            return LotScanResult(entry.lot, error, conflicting_value=made_on)
        self.seen_lots.add(fold_lot(entry.lot))
        all_scans = [
            scan
            for scan in self.uow.lot_scans_of((self.receipt_id, self.sku, entry.lot))
            if scan.label_sku == self.label_sku
        ]
        earlier_scans = [scan for scan in all_scans if scan.status != "REJECTED" and scan.lot == entry.lot]
        label = _merge_dates(entry, earlier_scans)
        if label is None:
            return LotScanResult(entry.lot, "LOT_DATES_MISMATCH", conflicting_value=_format_dates(earlier_scans))
        label, difference = self._as_announced(label)
        expiry, source = effective_expiry(self.policy, label.expiry, label.manufactured_on, label.best_before)
        if any(scan.expiry not in {None, expiry} for scan in earlier_scans):
            return LotScanResult(entry.lot, "LOT_DATES_MISMATCH", conflicting_value=_format_dates(earlier_scans))
        if source:
            label = label.model_copy(update={"expiry": expiry})
        if kind := rejection_kind(self.uow, self.sku, self.command.location, label.expiry, has_lot=bool(label.lot)):
            label = label.model_copy(update={"quantity": self._quantity_of(label)})
            reject_lot(self.uow, self.command, self.sku, kind, label, scan=self.scan)
            return LotScanResult(entry.lot, kind, conflicting_value=_format_day(label.expiry))
        known = self.uow.known_lots.other_spelling(self.sku, entry.lot)
        if known is None and not self.uow.known_lots.spellings(self.sku, entry.lot):
            known = known_on_receipt(entry.lot, all_scans)
        return self._record_scan(_JudgedLot(label, source, known, difference), earlier_scans)

    def _as_announced(self, label: ScannedLot) -> tuple[ScannedLot, str | None]:
        """Complete the dates of a lot with the announced ones; return what is announced instead of a contradiction."""
        dates = {name: getattr(label, name) for name in DATE_FIELDS}
        if label.lot and (difference := self.expectation.difference(label.lot, dates)):
            return label, difference
        missing = self.expectation.missing_dates(label.lot, dates)
        completed = label.model_copy(update=missing) if missing else label
        is_future = is_in_future(completed.manufactured_on, self.today)
        if is_future or not are_in_order(completed.manufactured_on, completed.expiry, completed.best_before):
            return label, describe_dates(missing)
        return completed, None

    def _quantity_of(self, label: ScannedLot) -> Decimal:
        return label.quantity or Decimal(self.barcode_quantity or 0)

    def _label_violation(self, entry: ScannedLot) -> ScanStatus | None:
        if self.uow.tracking(self.sku) == "NONE":
            if entry.lot or any(getattr(entry, name) for name in DATE_FIELDS):
                return "NOT_LOT_TRACKED"
        elif not entry.lot:
            return "LOT_REQUIRED"
        elif not VALID_IDENTIFIER.match(entry.lot):
            return "INVALID"
        if is_in_future(entry.manufactured_on, self.today):
            return "MANUFACTURED_IN_FUTURE"
        return None

    def _count_violation(self, entry: ScannedLot) -> ScanStatus | None:
        if fold_lot(entry.lot) in self.seen_lots:
            return "DUPLICATE_IN_REQUEST"
        if entry.quantity is None:
            return "QUANTITY_REQUIRED" if self.barcode_quantity is None else None
        return (
            "QUANTITY_PRECISION" if precision_violation(self.sku, entry.quantity, self.uow.decimals(self.sku)) else None
        )

    def _record_scan(self, lot: _JudgedLot, earlier_scans: list[LotScan]) -> LotScanResult:
        """Assign the quantity to lines with open quantity; the excess, or what a supervisor decides, is unmatched."""
        label, shares = lot.label, self._shares_of(lot)
        scans = {(scan.line, scan.status): scan for scan in earlier_scans if self._is_same_scan(scan)}
        if any(
            scan.quantity + quantity > MAX_QUANTITY
            for line, share_status, quantity in shares
            if (scan := scans.get((line, share_status)))
        ):
            return LotScanResult(label.lot, "TOO_MANY_UNITS")
        for line, share_status, quantity in shares:
            if share_status == "SCANNED":
                receipt_line = self.uow.lines[self.receipt_id, line or ""]
                self.uow.lines.put(receipt_line._replace(scanned=receipt_line.scanned + quantity))
            scan = scans.get((line, share_status))
            self._put_lot_scan(lot, scan, LineShare(line, share_status, quantity))
        if self.receipt.has_rejections:
            rejections = self.uow.rejections_by_item[self.receipt_id, self.sku, fold_lot(label.lot)]
            withdraw_rejections(self.uow, rejections, ACCEPTED_LATER)
        is_held = self.is_short_life_held and bool(
            self.uow.shelf_life_violation(self.sku, self.command.location, label.expiry)
        )
        first_share, last_share = shares[0], shares[-1]
        status: ScanStatus = UNMATCHED_KINDS.get(last_share.status, "ACCEPTED")
        accepted = sum((quantity for _, share_status, quantity in shares if share_status == "SCANNED"), Decimal(0))
        unmatched = Decimal(0) if status == "ACCEPTED" else last_share.quantity
        return LotScanResult(
            lot=label.lot, status=status, line=first_share.line, quantity=accepted, unmatched=unmatched,
            on_hold=is_held, conflicting_value=self.label_sku or lot.known_lot or lot.difference, expiry=label.expiry,
            expiry_source=lot.expiry_source,
        )  # fmt: skip

    def _shares_of(self, lot: _JudgedLot) -> list[LineShare]:
        quantity = self._quantity_of(lot.label)
        if self.label_sku:
            return [self._unmatched_share("WRONG_PRODUCT", quantity)]
        if lot.known_lot:
            return [self._unmatched_share("LOT_CASE_MISMATCH", quantity)]
        if lot.difference:
            return [self._unmatched_share("NOT_AS_ANNOUNCED", quantity)]
        return self._split_over_lines(quantity)

    def _unmatched_share(self, status: LotScanStatus, quantity: Decimal) -> LineShare:
        """Return the share of a quantity that fits no line until a supervisor decides about its lot."""
        lines = self.uow.lines_of(self.receipt_id, self.sku)
        return LineShare(lines[0].line if lines else None, status, quantity)

    def _split_over_lines(self, quantity: Decimal) -> list[LineShare]:
        lines = self.uow.lines_of(self.receipt_id, self.sku)
        if self.receipt.kind != "ASN":
            line = lines[0] if lines else add_unplanned_line(self.uow, self.receipt_id, self.sku)
            return [LineShare(line.line, "SCANNED", quantity)]
        shares: list[LineShare] = []
        for line in lines:
            if (accepted := min(quantity, line.open_quantity)) > 0:
                shares.append(LineShare(line.line, "SCANNED", accepted))
                quantity -= accepted
        if quantity:
            over = LineShare(lines[0].line, "OVER", quantity) if lines else LineShare(None, "UNEXPECTED", quantity)
            shares.append(over)
        return shares

    def _is_same_scan(self, scan: LotScan) -> bool:
        """Whether quantities are added to a scan: those of the same session, location, raw scan and carton."""
        command = self.command
        return (scan.session, scan.location, scan.scan, scan.inferred_from) == (
            command.session, command.location, self.scan, command.inferred_from,
        )  # fmt: skip

    def _put_lot_scan(self, lot: _JudgedLot, scan: LotScan | None, share: LineShare) -> None:
        uow, command, label = self.uow, self.command, lot.label
        uow.lot_scans.put(
            LotScan(
                scan_id=scan.scan_id if scan else next(uow.ids), receipt=self.receipt_id, session=command.session,
                line=share.line, sku=self.sku, lot=label.lot, location=command.location, status=share.status,
                quantity=share.quantity + (scan.quantity if scan else 0), expiry=label.expiry,
                manufactured_on=label.manufactured_on, best_before=label.best_before, scanned_by=self.actor,
                scanned_at=uow.now, known_lot=lot.known_lot, expiry_source=lot.expiry_source,
                scan=self.scan, label_sku=self.label_sku, inferred_from=command.inferred_from,
            )
        )  # fmt: skip


def _merge_dates(entry: ScannedLot, earlier_scans: list[LotScan]) -> ScannedLot | None:
    """Complete the entry with the dates from earlier scans of its lot; None if the dates contradict each other."""
    labels = [entry, *(scan._replace(expiry=None) if scan.expiry_source else scan for scan in earlier_scans)]
    dates_by_field = {name: {getattr(scan, name) for scan in labels} - {None} for name in DATE_FIELDS}
    if any(len(dates) > 1 for dates in dates_by_field.values()):
        return None
    label = entry.model_copy(update={name: next(iter(dates), None) for name, dates in dates_by_field.items()})
    return label if are_in_order(label.manufactured_on, label.expiry, label.best_before) else None


def _format_day(day: date | None) -> str | None:
    return None if day is None else str(day)


def _format_dates(earlier_scans: list[LotScan]) -> str:
    """Format the dates of earlier scans for display."""
    first_dates = {
        name: next((day for scan in earlier_scans if (day := getattr(scan, name))), None) for name in DATE_FIELDS
    }
    return ", ".join(f"{name} {day}" for name, day in first_dates.items() if day)
