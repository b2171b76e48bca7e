"""What packing slips and delivery notes say."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from itertools import groupby
from typing import Any

from sqlalchemy import Row

from shared.labels.documents import Document, Table

Rows = Sequence[Row[Any]]
SLIP_COLUMNS = (("Line", 2), ("SKU", 5), ("Product", 7), ("Serial", 6), ("Lot", 5), ("Expiry", 4), ("Quantity", 3))
NOTE_COLUMNS = (("Line", 2), ("SKU", 5), ("Product", 8), ("Lot", 5), ("Expiry", 4), ("Quantity", 3), ("Unit", 2))


def build_packing_slips(content: Rows, orders: Mapping[str, Row[Any]], shipment: Row[Any] | None) -> list[Document]:
    """Build a packing slip per carton: each serial number, and each lot with its quantity."""
    return [
        Document(
            f"Packing slip {carton}",
            _present([("SSCC", rows[0].sscc), *_address(orders[rows[0].order_id]), *_shipping(shipment)]),
            [Table(_total(rows), SLIP_COLUMNS, [_slip_row(row) for row in rows if row.sku])],
        )
        for carton, rows in _group(content, "carton")
    ]


def build_delivery_notes(content: Rows, orders: Mapping[str, Row[Any]], shipment: Row[Any]) -> list[Document]:
    """Build a delivery note per order of a shipment: quantities by order line and lot, and its cartons."""
    notes = []
    for order_id, rows in _group(content, "order_id"):
        cartons = [(carton, part[0].sscc or "") for carton, part in _group(rows, "carton")]
        quantities: dict[tuple[str, ...], Decimal] = {}
        for row in rows:
            if row.sku:
                key = (row.line, row.sku, row.product, row.lot or "", _date(row), row.unit)
                quantities[key] = quantities.get(key, Decimal(0)) + row.quantity
        lines = [(*key[:5], _quantity(quantity), key[5]) for key, quantity in sorted(quantities.items())]
        values = _present([*_address(orders[order_id]), *_shipping(shipment)])
        tables = [Table("Content", NOTE_COLUMNS, lines), Table("Cartons", (("Carton", 1), ("SSCC", 1)), cartons)]
        notes.append(Document(f"Delivery note {shipment.shipment} for order {order_id}", values, tables))
    return notes


def _group(rows: Rows, column: str) -> list[tuple[str, list[Row[Any]]]]:
    return [(key, list(group)) for key, group in groupby(rows, lambda row: str(getattr(row, column)))]


def _address(order: Row[Any]) -> list[tuple[str, str | None]]:
    return [
        ("Order", order.order_id), ("Customer", f"{order.customer_name} ({order.customer})"),
        ("Ship to", order.ship_to), ("Contact", order.contact), ("Warehouse", order.warehouse),
    ]  # fmt: skip


def _shipping(shipment: Row[Any] | None) -> list[tuple[str, str | None]]:
    if shipment is None:
        return []
    dispatched = f"{shipment.dispatched_at:%Y-%m-%d %H:%M} UTC" if shipment.dispatched_at else None
    return [
        ("Shipment", shipment.shipment), ("Carrier", shipment.carrier), ("Tracking number", shipment.tracking_number),
        ("Dispatched", dispatched),
    ]  # fmt: skip


def _present(values: Sequence[tuple[str, str | None]]) -> list[tuple[str, str]]:
    return [(name, value) for name, value in values if value]


def _total(rows: Rows) -> str:
    units, lots = sum(1 for row in rows if row.serial), sum(1 for row in rows if row.sku and not row.serial)
    return f"Content: {units} serial numbers, {lots} quantities without"


def _slip_row(row: Row[Any]) -> list[str]:
    quantity = f"{_quantity(row.quantity)} {row.unit}".strip()
    return [row.line, row.sku, row.product, row.serial or "", row.lot or "", _date(row), quantity]


def _date(row: Row[Any]) -> str:
    return row.expiry.isoformat() if row.expiry else ""


def _quantity(quantity: Decimal) -> str:
    return f"{Decimal(quantity).normalize():f}"
