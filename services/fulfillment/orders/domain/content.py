"""Carton content lines: a serial number, or a quantity of a lot for an order line."""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any

from services.fulfillment.orders.domain.items import ZERO, AllocatedItem, AllocatedLot, AllocatedUnit, ItemKey
from shared.contracts.fulfillment import PackedSerial
from shared.contracts.quantities import LotQuantity, PackedLot
from shared.contracts.raw_scans import join_scans
from shared.identifiers import fold_lot

ContentLine = PackedSerial | PackedLot
ScanTexts = Mapping[ItemKey, Sequence[str]]
"""Raw scans by what they name."""
NO_SCANS: ScanTexts = {}


def content_lines(items: Sequence[AllocatedItem], scans: ScanTexts = NO_SCANS) -> list[ContentLine]:
    """Content lines of items: one per serial number, and one per lot, order line and location, with its scans."""
    units = [
        PackedSerial(line=item.line, sku=item.sku, serial=item.serial)
        for item in items
        if isinstance(item, AllocatedUnit)
    ]
    return [*units, *lot_lines(items, scans)]


def lot_lines(items: Iterable[AllocatedItem], scans: ScanTexts = NO_SCANS) -> list[PackedLot]:
    """Content lines of lot quantities."""
    return [
        PackedLot(
            line=line,
            sku=sku,
            lot=lot,
            location=location,
            quantity=quantity,
            scan=join_scans(*scans.get((sku, fold_lot(lot)), ())) if scans else None,
        )
        for (line, sku, lot, location), quantity in total_by_lot(items).items()
    ]


def total_by_lot(items: Iterable[AllocatedItem]) -> dict[tuple[str, str, str, str], Decimal]:
    """Total lot quantities by line, product, lot and location."""
    sums: dict[tuple[str, str, str, str], Decimal] = {}
    for item in items:
        if isinstance(item, AllocatedLot):
            key = (item.line, item.sku, item.lot, item.location)
            sums[key] = sums.get(key, ZERO) + item.quantity
    return sums


def count_lines(items: Sequence[AllocatedItem]) -> int:
    """The number of content lines."""
    return sum(isinstance(item, AllocatedUnit) for item in items) + len(total_by_lot(items))


def content_fields(packed: Iterable[ContentLine]) -> dict[str, Any]:
    """Content lines as the fields of an event."""
    lines = list(packed)
    return {
        "units": [line for line in lines if isinstance(line, PackedSerial)],
        "stock": [line for line in lines if isinstance(line, PackedLot)],
    }


def log_detail(items: Sequence[AllocatedItem], scans: ScanTexts = NO_SCANS) -> dict[str, Any]:
    """Items as detail fields of an order log entry, with their raw scans."""
    serials = [item.serial for item in items if isinstance(item, AllocatedUnit)]
    stock = [
        {"sku": line.sku, **line.model_dump(mode="json", include=set(LotQuantity.model_fields))}
        for line in lot_lines(items)
    ]
    texts = list(dict.fromkeys(text for item in items for text in scans.get(item.scan_key, ()))) if scans else []
    return {name: values for name, values in (("serials", serials), ("stock", stock), ("scans", texts)) if values}
