"""What a scanned serial is: each gets its own verdict, and sees those scanned before it (S13, S14, S16)."""

import re
from dataclasses import dataclass

from services.receiving.receipts.domain.answers import ScanVerdict
from services.receiving.receipts.domain.desk import Desk
from services.receiving.receipts.domain.lines import own_line
from services.receiving.receipts.domain.records import Aside, Line, Receipt, Unit
from shared.contracts.commands.receiving import Scan
from shared.contracts.envelope import CloudEvent
from shared.contracts.receiving import DiscrepancyKind
from shared.identifiers import SERIAL_PATTERN

WELL_FORMED = re.compile(SERIAL_PATTERN.removesuffix("$") + r"\Z")


def judge(desk: Desk, event: CloudEvent[Scan], receipt: Receipt, sku: str) -> list[ScanVerdict]:
    """Judge the serials of one scan; what they change lies on the desk."""
    bench = _Bench(desk, event, receipt, sku)
    verdicts = [bench.judge(serial) for serial in event.data.serials]
    bench.leave()
    return verdicts


@dataclass(slots=True)
class _Tally:
    """A line, and what this scan adds to it."""

    line: Line
    scanned: int = 0
    unnamed: int = 0

    @property
    def room(self) -> int:
        return self.line.room - self.unnamed

    @property
    def full(self) -> bool:
        return self.line.scanned + self.line.received + self.scanned >= self.line.announced


class _Bench:
    """One product of a receipt under the scanner, and the lines it may go to."""

    def __init__(self, desk: Desk, event: CloudEvent[Scan], receipt: Receipt, sku: str) -> None:
        self.desk, self.receipt, self.name, self.sku = desk, receipt, receipt.receipt, sku
        self.wish, self.actor = event.data, event.actor
        self.lines = {line.line: _Tally(line) for line in desk.lines_of(self.name, sku)}
        self.open = [number for number, tally in self.lines.items() if tally.room > 0]

    def judge(self, serial: str) -> ScanVerdict:
        """What this serial is, here and now."""
        if not WELL_FORMED.match(serial):
            return ScanVerdict(serial, "BADLY_FORMED")
        unit = self.desk.unit(self.sku, serial)
        if self._here_already(unit):
            return ScanVerdict(serial=serial, verdict="DUPLICATE_IN_RECEIPT", line=unit.line)
        return self._unknown(unit) if unit.state == "ABSENT" else self._known(unit)

    def _here_already(self, unit: Unit) -> bool:
        if unit.receipt == self.name and unit.state in {"SCANNED", "IN_HOUSE"}:
            return True
        key = (self.name, self.sku, unit.serial)
        return key in self.desk.asides or self.desk.disputed(*key) is not None

    def _known(self, unit: Unit) -> ScanVerdict:
        if unit.state != "EXPECTED":
            return self._set_aside(unit, "KNOWN_SERIAL", unit.serial)
        if unit.receipt != self.name:
            return self._set_aside(unit, "EXPECTED_ELSEWHERE", unit.receipt)
        return self._accept(unit, unit.line or "")

    def _unknown(self, unit: Unit) -> ScanVerdict:
        if products := self.desk.expected_as(self.name, unit.serial):
            return self._set_aside(unit, "WRONG_PRODUCT", products[0])
        if alike := [other for other in self.desk.spellings(self.sku, unit.serial) if other.state != "ABSENT"]:
            return self._set_aside(unit, "CASE_VARIANT", alike[0].serial)
        if line := self._with_room():
            return self._accept(unit, line)
        full = self.lines and all(tally.full for tally in self.lines.values())
        return self._set_aside(unit, "OVER" if full else "UNEXPECTED", None)

    def _with_room(self) -> str | None:
        """A line on which a unit may come that nobody named: any of a blind receipt, and one is made there."""
        if self.receipt.kind != "ASN":
            if not self.lines:
                line = own_line(self.desk, self.name, self.sku)
                self.lines[line.line] = _Tally(line)
            return next(iter(self.lines))
        while self.open and self.lines[self.open[0]].room <= 0:
            self.open.pop(0)
        return self.open[0] if self.open else None

    def _accept(self, unit: Unit, number: str) -> ScanVerdict:
        tally = self.lines[number]
        tally.scanned += 1
        tally.unnamed += not unit.named
        wish = self.wish
        self.desk.put_unit(
            Unit(
                sku=unit.sku, serial=unit.serial, version=unit.version + 1, state="SCANNED", receipt=self.name,
                line=number, named=unit.named, session=wish.session, location=wish.location, scanned_by=self.actor,
                scanned_at=self.desk.now, lot=wish.lot or None, expiry=wish.expiry,
            )
        )  # fmt: skip
        return ScanVerdict(serial=unit.serial, verdict="ACCEPTED", line=number)

    def _set_aside(self, unit: Unit, kind: DiscrepancyKind, other: str | None) -> ScanVerdict:
        line = next(iter(self.lines), None)
        self.desk.put_aside(
            Aside(
                receipt=self.name, sku=self.sku, serial=unit.serial, session=self.wish.session, kind=kind, line=line,
                location=self.wish.location, other=other, actor=self.actor, at=self.desk.now, lot=self.wish.lot or None,
                expiry=self.wish.expiry,
            )
        )  # fmt: skip
        return ScanVerdict(serial=unit.serial, verdict=kind, line=line, other=other)

    def leave(self) -> None:
        """Lay the lines back, as the scans left them."""
        for tally in self.lines.values():
            if tally.scanned:
                line = tally.line
                scanned, unnamed = line.scanned + tally.scanned, line.unnamed + tally.unnamed
                self.desk.put_line(line._replace(scanned=scanned, unnamed=unnamed))
