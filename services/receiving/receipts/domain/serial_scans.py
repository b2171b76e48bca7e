"""Evaluation of scanned serial numbers, one by one in the order scanned (S13, S14, S16)."""

import re
from dataclasses import dataclass
from datetime import date

from services.receiving.receipts.domain.announced_lots import UnitExpectation, UnitLabel
from services.receiving.receipts.domain.misreads import ScanJudge
from services.receiving.receipts.domain.receipt_lines import add_unplanned_line
from services.receiving.receipts.domain.records import Receipt, ReceiptLine, Unit, UnmatchedScan
from services.receiving.receipts.domain.rejected_goods import (
    ACCEPTED_LATER,
    reject_serial,
    rejection_kind,
    withdraw_rejections,
)
from services.receiving.receipts.domain.results import ScanStatus, SerialScanResult
from services.receiving.unit_of_work import ReceivingUnitOfWork
from shared.contracts.commands.receiving import ScanItems
from shared.contracts.receiving import DiscrepancyKind, RejectionKind
from shared.identifiers import SERIAL_PATTERN

VALID_IDENTIFIER = re.compile(SERIAL_PATTERN.removesuffix("$") + r"\Z")


def evaluate_serial_scans(
    uow: ReceivingUnitOfWork,
    command: ScanItems,
    receipt: Receipt,
    sku: str,
    judge: ScanJudge,
) -> list[SerialScanResult]:
    """Evaluate the serial numbers of one scan and record the results in the unit of work."""
    evaluator = _SerialScanEvaluator(uow, command, receipt, sku, judge)
    results = [evaluator.evaluate(serial) for serial in command.serials]
    evaluator.write_back()
    return results


def is_recorded_on_receipt(uow: ReceivingUnitOfWork, receipt_id: str, unit: Unit) -> bool:
    """Whether the receipt has a scan of the unit, accepted or unmatched, or an open discrepancy about it."""
    if unit.receipt == receipt_id and unit.status in {"SCANNED", "ON_HAND"}:
        return True
    key = (receipt_id, unit.sku, unit.serial)
    return key in uow.unmatched_scans or bool(uow.open_discrepancies[key])


@dataclass(slots=True)
class _LineCounter:
    """A receipt line and the units that this scan adds to it."""

    line: ReceiptLine
    scanned_count: int = 0
    unlisted_count: int = 0

    @property
    def unlisted_capacity(self) -> int:
        return self.line.unlisted_capacity - self.unlisted_count

    @property
    def is_full(self) -> bool:
        return self.line.scanned + self.line.received + self.scanned_count >= self.line.expected_quantity


class _SerialScanEvaluator:
    """Evaluates scans of one product on one receipt."""

    def __init__(
        self,
        uow: ReceivingUnitOfWork,
        command: ScanItems,
        receipt: Receipt,
        sku: str,
        judge: ScanJudge,
    ) -> None:
        self.uow, self.receipt, self.receipt_id, self.sku = uow, receipt, receipt.receipt, sku
        self.command, self.actor, self.judge = command, uow.event.actor, judge
        label = UnitLabel(command.lot or None, command.expiry, command.manufactured_on, command.best_before)
        self.expectation = UnitExpectation(
            uow.lines_of(self.receipt_id, sku), label, uow.shelf_life_policy(sku), uow.latest_date(command.location)
        )
        self.label_sku = next((read.label_sku for read in command.read_scans), None)
        """Product on the labels, if it is another one."""
        self.inferred_from = command.inferred_from
        self.scans = {read.serial: read.text for read in command.read_scans}
        self.rejection_kinds: dict[date | None, RejectionKind | None] = {}
        self.known_lot = uow.known_lots.other_spelling(sku, command.lot or "")
        self.lines = {line.line: _LineCounter(line) for line in uow.lines_of(self.receipt_id, sku)}
        self.open_lines = [number for number, counter in self.lines.items() if counter.unlisted_capacity > 0]

    def evaluate(self, serial: str) -> SerialScanResult:
        """Evaluate one serial number and record the scan."""
        unit = self.uow.get_unit(self.sku, serial)
        if unit.status == "INACTIVE" and (misread := self.judge.misread_serial(serial)):
            status: ScanStatus = "SERIAL_FORMAT_MISMATCH" if misread.read_as == "OTHER_FORMAT" else "NOT_A_SERIAL"
            return SerialScanResult(serial, status, None, misread.description, misread.read_as)
        if not VALID_IDENTIFIER.match(serial):
            return SerialScanResult(serial, "INVALID")
        if is_recorded_on_receipt(self.uow, self.receipt_id, unit):
            return SerialScanResult(serial=serial, status="DUPLICATE_IN_RECEIPT", line=unit.line)
        expiry = self.expectation.complete(unit)[0].expiry
        if kind := self._rejection_kind(expiry):
            reject_serial(self.uow, self.command, self.sku, kind, unit=unit, expiry=expiry, scan=self.scans.get(serial))
            return SerialScanResult(serial, kind, unit.line, None if expiry is None else str(expiry))
        if self.receipt.has_rejections:
            rejections = self.uow.rejections_by_item[self.receipt_id, self.sku, serial]
            withdraw_rejections(self.uow, rejections, ACCEPTED_LATER)
        if self.label_sku:
            return self._record_unmatched(unit, "WRONG_PRODUCT", self.label_sku)
        return self._evaluate_new(unit) if unit.status == "INACTIVE" else self._evaluate_registered(unit)

    def _rejection_kind(self, expiry: date | None) -> RejectionKind | None:
        """Return why units with this expiry date are rejected; the rules of lots apply."""
        if expiry not in self.rejection_kinds:
            self.rejection_kinds[expiry] = rejection_kind(self.uow, self.sku, self.command.location, expiry)
        return self.rejection_kinds[expiry]

    def _evaluate_registered(self, unit: Unit) -> SerialScanResult:
        if unit.status != "EXPECTED":
            return self._record_unmatched(unit, "DUPLICATE_SERIAL", unit.serial)
        if unit.receipt != self.receipt_id:
            return self._record_unmatched(unit, "EXPECTED_ON_OTHER_RECEIPT", unit.receipt)
        if difference := self.expectation.difference(unit):
            return self._record_unmatched(unit, "NOT_AS_ANNOUNCED", difference)
        return self._accept(unit, unit.line or "")

    def _evaluate_new(self, unit: Unit) -> SerialScanResult:
        other = self.uow.other_product(self.receipt_id, self.sku, unit.serial)
        if other is not None and self.command.gtin is None:
            return self._record_unmatched(unit, "WRONG_PRODUCT", other)
        if case_variants := [
            variant for variant in self.uow.case_variants(self.sku, unit.serial) if variant.status != "INACTIVE"
        ]:
            return self._record_unmatched(unit, "CASE_MISMATCH", case_variants[0].serial)
        if look_alikes := self.uow.expected_look_alikes(self.receipt_id, self.sku, unit.serial):
            return self._record_unmatched(unit, "CASE_MISMATCH", look_alikes[0].serial)
        if difference := self.expectation.difference(unit):
            return self._record_unmatched(unit, "NOT_AS_ANNOUNCED", difference)
        if line := self._find_open_line():
            return self._accept(unit, line)
        all_full = self.lines and all(counter.is_full for counter in self.lines.values())
        return self._record_unmatched(unit, "OVER" if all_full else "UNEXPECTED", None)

    def _find_open_line(self) -> str | None:
        """Find a line with capacity for an unlisted unit; without an ASN, the first line, added if necessary."""
        if self.receipt.kind != "ASN":
            if not self.lines:
                line = add_unplanned_line(self.uow, self.receipt_id, self.sku)
                self.lines[line.line] = _LineCounter(line)
            return next(iter(self.lines))
        while self.open_lines and self.lines[self.open_lines[0]].unlisted_capacity <= 0:
            self.open_lines.pop(0)
        return self.open_lines[0] if self.open_lines else None

    def _accept(self, unit: Unit, number: str) -> SerialScanResult:
        if self.known_lot:
            return self._record_unmatched(unit, "LOT_CASE_MISMATCH", self.known_lot)
        counter = self.lines[number]
        counter.scanned_count += 1
        counter.unlisted_count += not unit.is_listed
        command, (label, source) = self.command, self.expectation.complete(unit)
        self.uow.units.put(
            Unit(
                sku=unit.sku, serial=unit.serial, version=unit.version + 1, status="SCANNED", receipt=self.receipt_id,
                line=number, part=unit.part, is_listed=unit.is_listed, session=command.session,
                location=command.location, scanned_by=self.actor, scanned_at=self.uow.now, lot=label.lot,
                expiry=label.expiry, manufactured_on=label.manufactured_on, announced_lot=unit.announced_lot,
                expiry_source=source, announced_expiry=unit.announced_expiry,
                announced_manufactured_on=unit.announced_manufactured_on,
                announced_best_before=unit.announced_best_before, scan=self.scans.get(unit.serial),
                inferred_from=self.inferred_from,
            )
        )  # fmt: skip
        return SerialScanResult(
            serial=unit.serial, status="ACCEPTED", line=number, expiry=label.expiry, expiry_source=source
        )

    def _record_unmatched(self, unit: Unit, kind: DiscrepancyKind, conflicting_value: str | None) -> SerialScanResult:
        is_expected_here = unit.status == "EXPECTED" and unit.receipt == self.receipt_id
        line = unit.line if is_expected_here else next(iter(self.lines), None)
        label, source = self.expectation.of_scan
        self.uow.unmatched_scans.put(
            UnmatchedScan(
                receipt=self.receipt_id, sku=self.sku, serial=unit.serial, session=self.command.session, kind=kind,
                line=line, location=self.command.location, conflicting_value=conflicting_value, scanned_by=self.actor,
                scanned_at=self.uow.now, lot=label.lot, expiry=label.expiry, manufactured_on=label.manufactured_on,
                expiry_source=source, scan=self.scans.get(unit.serial), inferred_from=self.inferred_from,
            )
        )  # fmt: skip
        return SerialScanResult(serial=unit.serial, status=kind, line=line, conflicting_value=conflicting_value)

    def write_back(self) -> None:
        """Add the scanned counts to the lines."""
        for counter in self.lines.values():
            if counter.scanned_count:
                line = counter.line
                unlisted_units = line.unlisted_units + counter.unlisted_count
                scanned_line = line._replace(
                    scanned=line.scanned + counter.scanned_count, unlisted_units=unlisted_units
                )
                self.uow.lines.put(scanned_line)
