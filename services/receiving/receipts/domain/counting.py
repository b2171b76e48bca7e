"""What a scanned lot is: each entry of a message gets its own verdict, and sees those before it (S16, S23)."""

from decimal import Decimal
from typing import NamedTuple

from services.receiving.receipts.domain.answers import LotVerdict, Verdict
from services.receiving.receipts.domain.desk import Desk
from services.receiving.receipts.domain.judging import WELL_FORMED
from services.receiving.receipts.domain.lines import own_line
from services.receiving.receipts.domain.records import LotScan, LotScanState, Receipt
from shared.contracts.commands.receiving import Scan, ScannedLot
from shared.contracts.envelope import CloudEvent
from shared.stock.decimals import too_exact

DATES = ("expiry", "manufactured", "best_before")
MOST = Decimal(1_000_000)
"""What one fact can say of a lot."""


class Share(NamedTuple):
    """A part of a scanned quantity on a line, and what becomes of it there."""

    line: str | None
    state: LotScanState
    quantity: Decimal


def judge(desk: Desk, event: CloudEvent[Scan], receipt: Receipt, sku: str) -> list[LotVerdict]:
    """Judge the lots of one scan; what they change lies on the desk."""
    bench = _Bench(desk, event, receipt, sku)
    return [bench.judge(entry) for entry in event.data.lots]


class _Bench:
    """One counted product of a receipt under the scanner."""

    def __init__(self, desk: Desk, event: CloudEvent[Scan], receipt: Receipt, sku: str) -> None:
        self.desk, self.receipt, self.name, self.sku = desk, receipt, receipt.receipt, sku
        self.wish, self.actor, self.life = event.data, event.actor, desk.life(sku)
        self.once = desk.barcodes[self.wish.barcode].quantity if self.wish.barcode else None
        self.seen: set[str] = set()

    def judge(self, entry: ScannedLot) -> LotVerdict:
        """What this entry is, here and now."""
        if misread := self._misread(entry):
            return LotVerdict(entry.lot, misread)
        self.seen.add(entry.lot)
        before = [one for one in self.desk.scans_of((self.name, self.sku, entry.lot)) if one.state != "DECLINED"]
        label = _labelled(entry, before)
        late = self.desk.too_late(self.sku, self.wish.location, label.expiry) if label else None
        if label is None:
            return LotVerdict(entry.lot, "DATES_DIFFER", other=_dates(before))
        if label.expiry is None and label.lot and self.life.expiry_required:
            return LotVerdict(entry.lot, "EXPIRY_MISSING")
        if late and self.life.short_life == "REFUSE":
            return LotVerdict(entry.lot, "EXPIRED" if late == "expired" else "SHORT_LIFE", other=str(label.expiry))
        return self._take(label, before, held=late is not None)

    def _misread(self, entry: ScannedLot) -> Verdict | None:
        if self.desk.trackings[self.sku] == "NONE":
            if entry.lot or any(getattr(entry, name) for name in DATES):
                return "LOT_NOT_TRACKED"
        elif not entry.lot:
            return "LOT_MISSING"
        elif not WELL_FORMED.match(entry.lot):
            return "BADLY_FORMED"
        if entry.lot in self.seen:
            return "REPEATED"
        if entry.quantity is None:
            return "QUANTITY_MISSING" if self.once is None else None
        return "NOT_WHOLE" if too_exact(self.sku, entry.quantity, self.desk.decimals.get(self.sku)) else None

    def _take(self, label: ScannedLot, before: list[LotScan], *, held: bool) -> LotVerdict:
        """Count it on the lines that have room; what is too much is set aside."""
        shares = self._shares(label.quantity or Decimal(self.once or 0))
        rows = {(row.line, row.state): row for row in before if self._adds_to(row)}
        if any(row.quantity + quantity > MOST for line, state, quantity in shares if (row := rows.get((line, state)))):
            return LotVerdict(label.lot, "TOO_MANY")
        for line, state, quantity in shares:
            if state == "SCANNED":
                counted = self.desk.lines[self.name, line or ""]
                self.desk.put_line(counted._replace(scanned=counted.scanned + quantity))
            self._lay(label, rows.get((line, state)), line, state, quantity)
        first, last = shares[0], shares[-1]
        verdict: Verdict = (
            "OVER" if last.state == "OVER" else "UNEXPECTED" if last.state == "UNEXPECTED" else "ACCEPTED"
        )
        accepted = sum((quantity for _, state, quantity in shares if state == "SCANNED"), Decimal(0))
        aside = Decimal(0) if verdict == "ACCEPTED" else last.quantity
        return LotVerdict(lot=label.lot, verdict=verdict, line=first.line, quantity=accepted, aside=aside, held=held)

    def _shares(self, quantity: Decimal) -> list[Share]:
        lines = self.desk.lines_of(self.name, self.sku)
        if self.receipt.kind != "ASN":
            line = lines[0] if lines else own_line(self.desk, self.name, self.sku)
            return [Share(line.line, "SCANNED", quantity)]
        shares: list[Share] = []
        for line in lines:
            if (part := min(quantity, line.open)) > 0:
                shares.append(Share(line.line, "SCANNED", part))
                quantity -= part
        if quantity:
            over = Share(lines[0].line, "OVER", quantity) if lines else Share(None, "UNEXPECTED", quantity)
            shares.append(over)
        return shares

    def _adds_to(self, row: LotScan) -> bool:
        return (row.session, row.location) == (self.wish.session, self.wish.location)

    def _lay(
        self, label: ScannedLot, row: LotScan | None, line: str | None, state: LotScanState, quantity: Decimal
    ) -> None:
        desk, wish = self.desk, self.wish
        desk.put_lot(
            LotScan(
                scan=row.scan if row else next(desk.ids), receipt=self.name, session=wish.session, line=line,
                sku=self.sku, lot=label.lot, location=wish.location, state=state,
                quantity=quantity + (row.quantity if row else 0), expiry=label.expiry, manufactured=label.manufactured,
                best_before=label.best_before, actor=self.actor, at=desk.now,
            )
        )  # fmt: skip


def _labelled(entry: ScannedLot, before: list[LotScan]) -> ScannedLot | None:
    """The entry with the dates that were given for its lot on this receipt; nothing, if they cannot all be so."""
    days = {name: {getattr(one, name) for one in (entry, *before)} - {None} for name in DATES}
    if any(len(given) > 1 for given in days.values()):
        return None
    label = entry.model_copy(update={name: next(iter(given), None) for name, given in days.items()})
    made = label.manufactured
    return None if made and any(day and day < made for day in (label.expiry, label.best_before)) else label


def _dates(before: list[LotScan]) -> str:
    """The dates given before, as a person reads them."""
    given = {name: next((day for one in before if (day := getattr(one, name))), None) for name in DATES}
    return ", ".join(f"{name} {day}" for name, day in given.items() if day)
