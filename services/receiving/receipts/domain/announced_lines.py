"""What the parts of an ASN say about its lines, and what follows when a part or an amendment says something else."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from services.receiving.receipts.domain.announced_lots import (
    NO_LABEL,
    UnitLabel,
    format_lots,
    labels_of,
    parse_lots,
    restate_lots,
)
from services.receiving.receipts.domain.expectations import (
    emit_expectation_cancelled,
    emit_line_expected,
    expected_groups,
    take_over_expectations,
)
from services.receiving.receipts.domain.records import (
    NO_LOTS,
    AnnouncedLine,
    PartLineKey,
    ReceiptLine,
    RowKey,
    Unit,
)
from services.receiving.unit_of_work import ReceivingUnitOfWork
from shared.contracts.problems import Code, ProblemDetail
from shared.contracts.upstream import AsnAnnounced

MAX_UNITS = Decimal(1_000_000)
"""Maximum expected quantity of a line, over all parts of its ASN; also the maximum of one event."""

ZERO = Decimal(0)


def announced_lines_of(asn: AsnAnnounced) -> list[AnnouncedLine]:
    """Return the content of a part; entries of the same line are added up."""
    announced: dict[str, AnnouncedLine] = {}
    for entry in asn.lines:
        row = announced.get(entry.line) or AnnouncedLine(asn.receipt, asn.part, entry.line, entry.sku, ZERO, [], [])
        announced[entry.line] = row._replace(
            quantity=row.quantity + entry.quantity, serials=[*row.serials, *entry.serials],
            lots=format_lots([*parse_lots(row.lots), *entry.lots]) if entry.lots else row.lots,
        )  # fmt: skip
    return list(announced.values())


def replaced_lines(uow: ReceivingUnitOfWork, asn: AsnAnnounced) -> list[AnnouncedLine]:
    """Return what a part replaces: its earlier content, and parts that the ASN no longer has."""
    return [
        row for row in uow.announced_by_receipt[asn.receipt] if row.part == asn.part or row.part > asn.parts
    ]  # fmt: skip


def is_same_content(before: Iterable[AnnouncedLine], after: Iterable[AnnouncedLine]) -> bool:
    """Whether two lists of lines say the same, in whatever order."""
    first, second = (
        {row.key: (row.sku, row.quantity, frozenset(row.serials), parse_lots(row.lots)) for row in rows}
        for rows in (before, after)
    )
    return first == second


def limit_violation(
    uow: ReceivingUnitOfWork, receipt: str, before: Iterable[AnnouncedLine], after: Iterable[AnnouncedLine]
) -> ProblemDetail | None:
    """Check the maximum quantity of each line over all parts."""
    for number, quantity in _quantity_changes(before, after).items():
        line = uow.lines.get((receipt, number))
        total = quantity + (line.expected_quantity if line else ZERO)
        if total > MAX_UNITS:
            detail = f"Line {number} would expect {total} in all its parts; the maximum is {MAX_UNITS}"
            return ProblemDetail(code=Code.TOO_MANY_UNITS, detail=detail)
    return None


def restate_lines(
    uow: ReceivingUnitOfWork, receipt: str, before: Sequence[AnnouncedLine], after: Sequence[AnnouncedLine]
) -> list[ProblemDetail]:
    """Replace what an ASN says; only serials that are already registered are rejected (S05, S18).

    The difference is expected or cancelled, and what was received stays received. A unit that another receipt expects
    is taken over: the latest ASN wins. A unit scanned before its serial number is listed keeps its scan.
    """
    if is_same_content(before, after):
        return []
    restatement = _Restatement(uow, receipt, before, after)
    restatement.withdraw_serials()
    violations = restatement.list_serials()
    restatement.list_rejected_serials()
    restatement.finish()
    return violations


def _quantity_changes(before: Iterable[AnnouncedLine], after: Iterable[AnnouncedLine]) -> Mapping[str, Decimal]:
    changes: dict[str, Decimal] = defaultdict(Decimal)
    for row in before:
        changes[row.line] -= row.quantity
    for row in after:
        changes[row.line] += row.quantity
    return changes


@dataclass(slots=True)
class _LineChange:
    """Change of a receipt line."""

    line: ReceiptLine
    quantity: Decimal = ZERO
    listed_serials: int = 0
    unlisted_units: int = 0
    withdrawn: list[Unit] = field(default_factory=list)
    """Units not received whose serial numbers are no longer listed."""
    expected: list[Unit] = field(default_factory=list)
    """Units not received whose serial numbers are listed."""


class _Restatement:
    """Replaces announced lines of one receipt by others."""

    def __init__(
        self, uow: ReceivingUnitOfWork, receipt: str, before: Sequence[AnnouncedLine], after: Sequence[AnnouncedLine]
    ) -> None:
        self.uow, self.receipt, self.before, self.after = uow, receipt, before, after
        self._labels: dict[tuple[PartLineKey, str], Mapping[str, UnitLabel]] = {}
        self.changes: dict[str, _LineChange] = {}
        self.withdrawn_serials: set[RowKey] = set()
        self.taken_over: list[Unit] = []
        for number, quantity in _quantity_changes(before, after).items():
            sku = next(row.sku for row in (*before, *after) if row.line == number)
            self._change_of(number, sku).quantity += quantity
        self.dropped = [(row, serial) for row in before for serial in row.serials]
        self.kept: dict[RowKey, bool] = {}
        """Serials that stay on their line; whether they do not count there."""
        if before:
            self._keep_serials()
        for row in before:
            uow.announced_lines.remove(row.key)

    def _change_of(self, number: str, sku: str) -> _LineChange:
        if number not in self.changes:
            line = self.uow.lines.get((self.receipt, number)) or ReceiptLine(
                receipt=self.receipt, line=number, sku=sku, awaiting_product=sku not in self.uow.products
            )
            self.changes[number] = _LineChange(line)
        return self.changes[number]

    def _keep_serials(self) -> None:
        """Keep the serials that stay on their line, those that count first."""
        rows_after = {(row.sku, serial): row for row in self.after for serial in row.serials}
        dropped, self.dropped = self.dropped, []
        for row, serial in sorted(dropped, key=lambda entry: entry[1] in entry[0].rejected):
            key, unit = (row.sku, serial), self.uow.get_unit(row.sku, serial)
            after = rows_after.get(key)
            if (
                after is None
                or (after.line, self._label_of(after, serial)) != (row.line, self._label_of(row, serial))
                or key in self.kept
            ):
                self.dropped.append((row, serial))
                continue
            self.kept[key] = serial in row.rejected
            if after.part != row.part and _is_listed_by(unit, row):
                self.uow.units.put(unit._replace(version=unit.version + 1, part=after.part))

    def _label_of(self, row: AnnouncedLine, serial: str) -> UnitLabel:
        """Return the lot and expiry that a row announces for a serial number."""
        if row.lots == NO_LOTS:
            return NO_LABEL
        if (labels := self._labels.get((row.key, row.lots))) is None:
            labels = self._labels[row.key, row.lots] = labels_of(row)
        return labels.get(serial, NO_LABEL)

    def withdraw_serials(self) -> None:
        """Withdraw serials that are no longer listed; received and scanned units count as not listed."""
        for row, serial in self.dropped:
            change, unit = self.changes[row.line], self.uow.get_unit(row.sku, serial)
            if _is_listed_by(unit, row):
                if unit.status != "VOID":
                    self._withdraw(change, unit)
            elif self.uow.tracking(row.sku) in {None, "SERIAL"}:
                change.quantity += 1  # it was rejected or taken over, and did not count

    def _withdraw(self, change: _LineChange, unit: Unit) -> None:
        self.withdrawn_serials.add((unit.sku, unit.serial))
        change.listed_serials -= 1
        is_expected = unit.status == "EXPECTED"
        change.unlisted_units += not is_expected
        unit = self.uow.units.put(
            unit.as_inactive()
            if is_expected
            else unit.with_announced()._replace(version=unit.version + 1, is_listed=False)
        )
        if unit.status in {"INACTIVE", "SCANNED"}:
            change.withdrawn.append(unit)

    def list_serials(self) -> list[ProblemDetail]:
        """List the serials of the new lines; those that are already registered are rejected and do not count."""
        violations = []
        for row in self.after:
            rejected: dict[Code, list[str]] = defaultdict(list)
            for serial in row.serials:
                if (row.sku, serial) not in self.kept and (unit := self._list(row, serial)) is not None:
                    is_here = unit.receipt == self.receipt
                    rejected[Code.DUPLICATE_SERIAL_IN_REQUEST if is_here else Code.DUPLICATE_SERIAL].append(serial)
            not_counted = [serial for serials in rejected.values() for serial in serials]
            self.changes[row.line].quantity -= len(not_counted)
            still_rejected = [serial for serial in row.serials if self.kept.get((row.sku, serial))] if self.kept else []
            self.uow.announced_lines.put(row._replace(rejected=[*still_rejected, *not_counted]))
            violations += [_registered_violation(row.line, code, serials) for code, serials in rejected.items()]
        return violations

    def list_rejected_serials(self) -> None:
        """List withdrawn serials on another line of the receipt that names them."""
        if not self.withdrawn_serials:
            return
        for row in self.uow.announced_by_receipt[self.receipt]:
            listed = [
                serial
                for serial in row.rejected
                if (row.sku, serial) in self.withdrawn_serials and self._list(row, serial) is None
            ]
            if listed:
                self.changes[row.line].quantity += len(listed)
                remaining = [serial for serial in row.rejected if serial not in listed]
                self.uow.announced_lines.put(row._replace(rejected=remaining))

    def _list(self, row: AnnouncedLine, serial: str) -> Unit | None:
        """List a unit on a line; returns the unit if it is already registered."""
        change, before = self._change_of(row.line, row.sku), self.uow.get_unit(row.sku, serial)
        if (unit := _listed_by(before, row)) is None:
            return before
        unit = self.uow.units.put(unit.with_announced(*self._label_of(row, serial)))
        change.listed_serials += 1
        change.unlisted_units -= unit.status != "EXPECTED"
        if unit.status != "ON_HAND":
            change.expected.append(unit)
        if before.status == "EXPECTED":
            self.taken_over.append(before)
        return None

    def finish(self) -> None:
        """Save the lines and emit what is no longer expected, then what is expected in addition."""
        take_over_expectations(self.uow, self.taken_over)
        unlisted_changes = {number: self._save(change) for number, change in self.changes.items()}
        for number, change in self.changes.items():
            emit_expectation_cancelled(
                self.uow, change.line, change.withdrawn, max(-unlisted_changes[number], ZERO), "CHANGED"
            )
        for number, change in self.changes.items():
            unlisted = max(unlisted_changes[number], ZERO)
            if change.line.awaiting_product or not (change.expected or unlisted):
                continue
            for units in expected_groups(change.expected) if change.expected else [()]:
                emit_line_expected(self.uow, change.line, len(units) + unlisted, units)
                unlisted = ZERO

    def _save(self, change: _LineChange) -> Decimal:
        """Save a line; returns the change of its missing quantity without listed serials."""
        before = change.line
        rows_before, rows_after = (
            [row for row in rows if row.line == before.line and row.lots != NO_LOTS]
            for rows in (self.before, self.after)
        )
        after = self.uow.lines.put(
            before._replace(
                lots=restate_lots(before.lots, rows_before, rows_after) if rows_before or rows_after else before.lots,
                expected_quantity=before.expected_quantity + change.quantity,
                listed_serials=before.listed_serials + change.listed_serials,
                unlisted_units=before.unlisted_units + change.unlisted_units,
            )
        )
        return after.missing_quantity - before.missing_quantity + len(change.withdrawn) - len(change.expected)


def _is_listed_by(unit: Unit, row: AnnouncedLine) -> bool:
    return unit.is_listed and (unit.receipt, unit.part, unit.line) == row.key


def _listed_by(unit: Unit, row: AnnouncedLine) -> Unit | None:
    """Return the unit as listed by the part; None if it is already registered."""
    if unit.status == "INACTIVE":
        return unit.as_expected(row.receipt, row.line, row.part)
    if unit.status == "EXPECTED" and unit.receipt != row.receipt:
        return unit.as_inactive().as_expected(row.receipt, row.line, row.part)
    is_scanned_here = unit.status in {"SCANNED", "ON_HAND"} and (unit.receipt, unit.line) == (row.receipt, row.line)
    if is_scanned_here and not unit.is_listed:
        return unit._replace(version=unit.version + 1, part=row.part, is_listed=True)
    return None


def _registered_violation(line: str, code: Code, serials: list[str]) -> ProblemDetail:
    reason = "listed on this receipt" if code is Code.DUPLICATE_SERIAL_IN_REQUEST else "registered"
    detail = f"Line {line}: {len(serials)} serials already {reason}; the rest was applied"
    return ProblemDetail(code=code, detail=detail, ids=serials)
