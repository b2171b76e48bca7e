"""What a line expects: units added to it by name or number, and taken out of it again."""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any, Literal

from services.receiving.receipts.domain.desk import Desk
from services.receiving.receipts.domain.records import Key, Line, Unit
from shared.contracts.envelope import Fact, chunks
from shared.contracts.problems import Code, Refusal
from shared.contracts.receiving import ReceiptPlanned, ReceiptWithdrawn
from shared.contracts.upstream import AsnLine
from shared.stock.decimals import too_exact

MOST_UNITS = Decimal(1_000_000)
"""What a line announces in all its parts: as much as one fact can say is expected no longer."""

Reason = Literal["CHANGED", "CANCELLED", "CLOSED", "TAKEN_OVER"]


def misfit(desk: Desk, receipt: str, lines: Sequence[AsnLine]) -> Refusal | None:
    """Why these lines cannot be added to a receipt, whatever stands in the house."""
    named: set[Key] = set()
    skus: dict[str, str] = {}
    totals: dict[str, Decimal] = {}
    for line in lines:
        stands = desk.lines.get((receipt, line.line))
        sku = stands.sku if stands else skus.setdefault(line.line, line.sku)
        decimals = desk.decimals.get(line.sku)
        inexact = too_exact(line.sku, line.quantity, decimals, line.line)
        if refusal := _ill(line, sku, desk.trackings.get(line.sku)) or inexact:
            return refusal
        totals[line.line] = totals.get(line.line, stands.announced if stands else Decimal(0)) + line.quantity
        if totals[line.line] > MOST_UNITS:
            detail = f"line {line.line} would announce {totals[line.line]} in all its parts, of at most {MOST_UNITS}"
            return Refusal(code=Code.TOO_MANY_UNITS, detail=detail)
        counts = Counter(line.serials)
        if twice := [serial for serial, count in counts.items() if count > 1 or (line.sku, serial) in named]:
            return Refusal(code=Code.SERIAL_REPEATED, detail=f"line {line.line} names a unit again", ids=twice)
        named.update((line.sku, serial) for serial in counts)
    return None


def _ill(line: AsnLine, sku: str, tracking: str | None) -> Refusal | None:
    if line.line.startswith("+"):
        detail = f"line {line.line}: receiving names the lines +1, +2 … that it adds itself"
        return Refusal(code=Code.MALFORMED, detail=detail)
    if sku != line.sku:
        return Refusal(code=Code.LINE_OF_ANOTHER, detail=f"line {line.line} is of {sku}, not of {line.sku}")
    if len(line.serials) > line.quantity:
        detail = f"line {line.line} names {len(line.serials)} serials for {line.quantity} units"
        return Refusal(code=Code.SERIAL_COUNT, detail=detail)
    if line.serials and tracking not in {None, "SERIAL"}:
        detail = f"line {line.line} names serials of {line.sku}, which is tracked as {tracking}"
        return Refusal(code=Code.NOT_SERIAL_TRACKED, detail=detail, ids=line.serials)
    return None


def plan(desk: Desk, receipt: str, wish: AsnLine, said: dict[str, Any]) -> tuple[list[Fact], list[Refusal]]:
    """Add a line, or add to it; a unit that is known already is left out, alone (S05, S18).

    A unit that another receipt expects is taken over: the newest announcement is the truth. One that was scanned here
    before its name came keeps its scan, and no longer counts as unnamed.
    """
    line = desk.lines.get((receipt, wish.line)) or Line(
        receipt=receipt, line=wish.line, sku=wish.sku, waiting=wish.sku not in desk.trackings,
    )  # fmt: skip
    units: list[Unit] = []
    taken: list[Unit] = []
    refused: dict[Code, list[str]] = defaultdict(list)
    for serial in wish.serials:
        before = desk.unit(wish.sku, serial)
        if (unit := _named(before, line)) is None:
            refused[Code.SERIAL_REPEATED if before.receipt == receipt else Code.SERIAL_KNOWN].append(serial)
            continue
        desk.put_unit(unit)
        units.append(unit)
        if before.state == "EXPECTED":
            taken.append(before)
    events = withdrawn_elsewhere(desk, taken, said)
    if quantity := wish.quantity - sum(map(len, refused.values())):
        scanned = sum(unit.state != "EXPECTED" for unit in units)
        named, unnamed = line.named + len(units), line.unnamed - scanned
        desk.put_line(line := line._replace(announced=line.announced + quantity, named=named, unnamed=unnamed))
        planned = [unit for unit in units if unit.state != "IN_HOUSE"]
        quantity -= len(units) - len(planned)
        if quantity and not line.waiting:
            events.append(planned_fact(desk, line, quantity, planned, said))
    return events, [_known(wish, code, serials) for code, serials in refused.items()]


def _named(unit: Unit, line: Line) -> Unit | None:
    """What a unit becomes that a line names; nothing, if it is known already."""
    if unit.state == "ABSENT":
        return unit.expected(*line.key)
    if unit.state == "EXPECTED" and unit.receipt != line.receipt:
        return unit.absent().expected(*line.key)
    if unit.state in {"SCANNED", "IN_HOUSE"} and (unit.receipt, unit.line) == line.key and not unit.named:
        return unit._replace(version=unit.version + 1, named=True)
    return None


def _known(wish: AsnLine, code: Code, serials: list[str]) -> Refusal:
    what = "named on this receipt already" if code is Code.SERIAL_REPEATED else "known already"
    detail = f"line {wish.line}: {len(serials)} of its units {'are' if len(serials) > 1 else 'is'} {what}"
    return Refusal(code=code, detail=f"{detail}; the rest of it stands", ids=serials)


def planned_fact(desk: Desk, line: Line, quantity: Decimal, units: Sequence[Unit], said: dict[str, Any]) -> Fact:
    """Tell what a line now expects more."""
    receipt = desk.receipts[line.receipt]
    return ReceiptPlanned(
        receipt=line.receipt, warehouse=receipt.warehouse or "", line=line.line, sku=line.sku, quantity=quantity,
        serials=[unit.serial for unit in units], versions=[unit.version for unit in units],
        supplier=receipt.supplier, expected_at=receipt.expected_at, **said,
    )  # fmt: skip


def withdrawn(line: Line, units: Iterable[Unit], unnamed: Decimal, reason: Reason, said: dict[str, Any]) -> list[Fact]:
    """Tell what a line expects no longer; of a line that waits for its product nothing was ever told."""
    if line.waiting:
        return []
    head = {"receipt": line.receipt, "line": line.line, "sku": line.sku, "reason": reason, **said}
    events: list[Fact] = []
    for run in chunks(units):
        versions = [unit.version for unit in run]
        serials = [unit.serial for unit in run]
        events.append(ReceiptWithdrawn(**head, quantity=Decimal(len(run)), serials=serials, versions=versions))
    if unnamed > 0:
        events.append(ReceiptWithdrawn(**head, quantity=unnamed))
    return events


def withdrawn_elsewhere(desk: Desk, taken: Iterable[Unit], said: dict[str, Any]) -> list[Fact]:
    """Tell the receipts that expected these units that another has taken them over; their lines announce fewer."""
    by_line: dict[Key, list[Unit]] = defaultdict(list)
    for unit in taken:
        by_line[unit.receipt or "", unit.line or ""].append(unit.absent())
    events: list[Fact] = []
    for key, units in by_line.items():
        line = desk.lines[key]
        desk.put_line(line._replace(announced=line.announced - len(units), named=line.named - len(units)))
        events.extend(withdrawn(line, units, Decimal(0), "TAKEN_OVER", said))
    return events


def end(desk: Desk, receipt: str, reason: Reason, said: dict[str, Any]) -> tuple[list[Fact], dict[str, list[str]]]:
    """Expect nothing more on a receipt; what is told, and each line's serials that did not come."""
    missing: dict[str, list[Unit]] = defaultdict(list)
    for unit in desk.expected(receipt):
        desk.put_unit(gone := unit.absent())
        missing[unit.line or ""].append(gone)
    events: list[Fact] = []
    for line in desk.lines_in(receipt):
        units = missing[line.line]
        events.extend(withdrawn(line, units, line.missing - len(units), reason, said))
        desk.put_line(line._replace(waiting=False))
    return events, {line: [unit.serial for unit in units] for line, units in missing.items()}
