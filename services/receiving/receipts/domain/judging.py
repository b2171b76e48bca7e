"""What a scanned serial is: each gets its own verdict, and sees those scanned before it (S13, S14, S16)."""

import re

from services.receiving.receipts.domain.answers import ScanVerdict, Verdict
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


class _Bench:
    """One product of a receipt under the scanner, and the lines it may go to."""

    def __init__(self, desk: Desk, event: CloudEvent[Scan], receipt: Receipt, sku: str) -> None:
        self.desk, self.receipt, self.sku = desk, receipt, sku
        self.wish, self.actor = event.data, event.actor
        self.lines: dict[str, Line] = {line.line: line for line in desk.lines_of(receipt.receipt, sku)}
        self.open = [line.line for line in self.lines.values() if line.room > 0]

    def judge(self, serial: str) -> ScanVerdict:
        """What this serial is, here and now."""
        if not WELL_FORMED.match(serial):
            return _verdict(serial, "BADLY_FORMED")
        unit = self.desk.unit(self.sku, serial)
        if self._here_already(unit):
            return _verdict(serial, "DUPLICATE_IN_RECEIPT")
        return self._unknown(unit) if unit.state == "ABSENT" else self._known(unit)

    def _here_already(self, unit: Unit) -> bool:
        name = self.receipt.receipt
        here = unit.receipt == name and unit.state in {"SCANNED", "IN_HOUSE"}
        key = (name, self.sku, unit.serial)
        return here or key in self.desk.asides or self.desk.disputed(*key) is not None

    def _known(self, unit: Unit) -> ScanVerdict:
        if unit.state != "EXPECTED":
            return self._set_aside(unit, "KNOWN_SERIAL", unit.serial)
        if unit.receipt != self.receipt.receipt:
            return self._set_aside(unit, "EXPECTED_ELSEWHERE", unit.receipt)
        return self._accept(unit, unit.line or "")

    def _unknown(self, unit: Unit) -> ScanVerdict:
        if products := self.desk.expected_as(self.receipt.receipt, unit.serial):
            return self._set_aside(unit, "WRONG_PRODUCT", products[0])
        if alike := [other for other in self.desk.spellings(self.sku, unit.serial) if other.state != "ABSENT"]:
            return self._set_aside(unit, "CASE_VARIANT", alike[0].serial)
        if line := self._with_room():
            return self._accept(unit, line)
        full = self.lines and all(line.scanned + line.received >= line.announced for line in self.lines.values())
        return self._set_aside(unit, "OVER" if full else "UNEXPECTED", None)

    def _with_room(self) -> str | None:
        """A line on which a unit may come that nobody named: any of a blind receipt, and one is made there."""
        if self.receipt.kind != "ASN":
            if not self.lines:
                line = own_line(self.desk, self.receipt.receipt, self.sku)
                self.lines[line.line] = line
            return next(iter(self.lines))
        while self.open and self.lines[self.open[0]].room <= 0:
            self.open.pop(0)
        return self.open[0] if self.open else None

    def _accept(self, unit: Unit, number: str) -> ScanVerdict:
        line = self.lines[number]
        unnamed = line.unnamed + (not unit.named)
        self.lines[number] = line._replace(scanned=line.scanned + 1, unnamed=unnamed)
        self.desk.put_unit(
            unit._replace(
                version=unit.version + 1, state="SCANNED", receipt=self.receipt.receipt, line=number,
                session=self.wish.session, location=self.wish.location, scanned_by=self.actor,
                scanned_at=self.desk.now,
            )
        )  # fmt: skip
        return _verdict(unit.serial, "ACCEPTED", number)

    def _set_aside(self, unit: Unit, kind: DiscrepancyKind, other: str | None) -> ScanVerdict:
        line = next(iter(self.lines), None)
        self.desk.put_aside(
            Aside(
                self.receipt.receipt, self.sku, unit.serial, self.wish.session, kind, line, self.wish.location, other,
                self.actor, self.desk.now,
            )
        )  # fmt: skip
        return _verdict(unit.serial, kind, line, other)

    def leave(self) -> None:
        """Lay the lines back, as the scans left them."""
        for line in self.lines.values():
            if self.desk.lines.get(line.key) is not line:
                self.desk.put_line(line)


def _verdict(serial: str, verdict: Verdict, line: str | None = None, other: str | None = None) -> ScanVerdict:
    return ScanVerdict.model_construct(serial=serial, verdict=verdict, line=line, other=other)
