"""Lots and dates that an ASN announces: by line, by serial number, and compared with what is scanned (S23, S24)."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from decimal import Decimal
from typing import NamedTuple

from pydantic import TypeAdapter

from services.receiving.receipts.domain.records import NO_LOTS, AnnouncedLine, ReceiptLine, Unit
from shared.contracts.announced_lots import AnnouncedLot
from shared.contracts.label_dates import is_in_future
from shared.contracts.product_attributes import ExpirySource, ShelfLifePolicy
from shared.identifiers import fold_lot
from shared.inventory.effective_expiry import effective_expiry

DATE_FIELDS = ("expiry", "manufactured_on", "best_before")
ADAPTER = TypeAdapter(list[AnnouncedLot])


class UnitLabel(NamedTuple):
    """Lot and dates of a unit, announced or on its label."""

    lot: str | None = None
    expiry: date | None = None
    manufactured_on: date | None = None
    best_before: date | None = None

    @classmethod
    def announced_for(cls, unit: Unit) -> "UnitLabel":
        """Return what is announced for the serial number of a unit."""
        return cls(
            unit.announced_lot, unit.announced_expiry, unit.announced_manufactured_on, unit.announced_best_before
        )

    def completed_by(self, other: "UnitLabel") -> "UnitLabel":
        """Return the label with what it lacks from another one."""
        return UnitLabel(
            self.lot or other.lot,
            self.expiry or other.expiry,
            self.manufactured_on or other.manufactured_on,
            self.best_before or other.best_before,
        )

    def without_future(self, today: date) -> "UnitLabel":
        """Return the label without a manufacturing date later than today."""
        return self._replace(manufactured_on=None) if is_in_future(self.manufactured_on, today) else self

    def with_effective_expiry(self, policy: ShelfLifePolicy) -> tuple["UnitLabel", ExpirySource | None]:
        """Return the label with the date that guards the unit, and the source of this date (S24)."""
        expiry, source = effective_expiry(policy, self.expiry, self.manufactured_on, self.best_before)
        return (self._replace(expiry=expiry), source) if source else (self, None)


NO_LABEL = UnitLabel()


def parse_lots(text: str) -> list[AnnouncedLot]:
    """Return stored lots."""
    return [] if text == NO_LOTS else ADAPTER.validate_json(text)


def format_lots(lots: Sequence[AnnouncedLot]) -> str:
    """Return lots as they are stored."""
    return ADAPTER.dump_json(list(lots), exclude_defaults=True).decode() if lots else NO_LOTS


def labels_of(row: AnnouncedLine) -> Mapping[str, UnitLabel]:
    """Return the announced lot and dates of serial numbers; the others have none."""
    return {
        serial: UnitLabel(lot.lot or None, lot.expiry, lot.manufactured_on, lot.best_before)
        for lot in parse_lots(row.lots)
        for serial in lot.serials
    }


def restate_lots(line: str, before: Iterable[AnnouncedLine], after: Iterable[AnnouncedLine]) -> str:
    """Return the lots of a line without what was announced before, and with what is announced instead."""
    lots = parse_lots(line)
    for lot in _stated(before):
        if lot in lots:
            lots.remove(lot)
    return format_lots(sorted((*lots, *_stated(after)), key=_order))


def _stated(rows: Iterable[AnnouncedLine]) -> list[AnnouncedLot]:
    """Return the lots of rows with their quantities, without serial numbers."""
    return [
        lot.model_copy(update={"quantity": lot.count, "serials": []}) for row in rows for lot in parse_lots(row.lots)
    ]


def _order(lot: AnnouncedLot) -> tuple[str, ...]:
    return lot.lot, *(str(getattr(lot, name) or "") for name in DATE_FIELDS), str(lot.count)


def without_serials(lots: Iterable[AnnouncedLot], withdrawn: set[str]) -> list[AnnouncedLot]:
    """Return lots without withdrawn serial numbers and their quantity."""
    kept: list[AnnouncedLot] = []
    for lot in lots:
        serials = [serial for serial in lot.serials if serial not in withdrawn]
        count = lot.count - (len(lot.serials) - len(serials))
        if count > 0:
            kept.append(lot.model_copy(update={"quantity": count, "serials": serials}))
    return kept


def describe_dates(dates: Mapping[str, date]) -> str | None:
    """Return dates by name as text; None without any."""
    return ", ".join(f"{name} {day}" for name, day in dates.items()) or None


class LotExpectation:
    """What the lines of a receipt announce about the lots of a product."""

    def __init__(self, lines: Iterable[ReceiptLine]) -> None:
        self._lots: dict[str, list[AnnouncedLot]] = defaultdict(list)
        self._is_complete = True
        """Whether each line announces the lots of its whole quantity."""
        for line in lines:
            named = [lot for lot in parse_lots(line.lots) if lot.lot]
            self._is_complete &= sum((lot.count for lot in named), Decimal(0)) >= line.expected_quantity
            for lot in named:
                self._lots[fold_lot(lot.lot)].append(lot)

    def dates_of(self, lot: str) -> Mapping[str, date]:
        """Return the dates of a lot on which all lines agree."""
        if not self._lots:
            return {}
        dates = {name: {getattr(entry, name) for entry in self._lots.get(fold_lot(lot), ())} for name in DATE_FIELDS}
        return {name: next(iter(days)) for name, days in dates.items() if len(days) == 1 and None not in days}

    def missing_dates(self, lot: str, dates: Mapping[str, date | None]) -> Mapping[str, date]:
        """Return the announced dates that a label does not state."""
        return {name: day for name, day in self.dates_of(lot).items() if dates.get(name) is None}

    def difference(self, lot: str, dates: Mapping[str, date | None]) -> str | None:
        """Return what is announced instead of this lot and these dates; None if they do not contradict it."""
        if not self._lots:
            return None
        if fold_lot(lot) not in self._lots:
            names = sorted(entry.lot for entries in self._lots.values() for entry in entries)
            return f"lot {', '.join(dict.fromkeys(names))}" if self._is_complete else None
        return describe_dates(
            {name: day for name, day in self.dates_of(lot).items() if (dates.get(name) or day) != day}
        )


class UnitExpectation:
    """What is announced about scanned units, beside the lot and dates on their labels."""

    def __init__(self, lines: Iterable[ReceiptLine], label: UnitLabel, policy: ShelfLifePolicy, today: date) -> None:
        self._label, self._policy, self._today = label, policy, today
        completed, self._difference = label, None
        if label.lot:
            lots = LotExpectation(lines)
            dates = lots.dates_of(label.lot)
            announced = UnitLabel(None, dates.get("expiry"), dates.get("manufactured_on"), dates.get("best_before"))
            completed = label.completed_by(announced.without_future(today))
            self._difference = lots.difference(
                label.lot, {name: getattr(label, name) for name in DATE_FIELDS}
            ) or self._future_of(announced)
        self._completed = completed
        self.of_scan = completed.with_effective_expiry(policy)
        """Label and source of the expiry of a unit of which nothing is announced."""

    def complete(self, unit: Unit) -> tuple[UnitLabel, ExpirySource | None]:
        """Return lot and dates of a unit, those on its label first, then those of its serial number and of its lot."""
        announced = UnitLabel.announced_for(unit)
        if announced == NO_LABEL:
            return self.of_scan
        label = self._label.completed_by(announced.without_future(self._today)).completed_by(self._completed)
        return label.with_effective_expiry(self._policy)

    def difference(self, unit: Unit) -> str | None:
        """Return what is announced about a unit instead of what its label says; None without contradiction."""
        announced = UnitLabel.announced_for(unit)
        if announced == NO_LABEL:
            return self._difference
        different = [
            f"{name} {own}"
            for name, label, own in zip(UnitLabel._fields, self._label, announced, strict=True)
            if label and own and (fold_lot(label) != fold_lot(own) if name == "lot" else label != own)  # type: ignore[arg-type]
        ]
        return ", ".join(different) or self._future_of(announced)

    def _future_of(self, announced: UnitLabel) -> str | None:
        """Return an announced manufacturing date that goods at hand cannot have."""
        is_future = is_in_future(announced.manufactured_on, self._today)
        return f"manufactured_on {announced.manufactured_on}" if is_future else None
