"""Tables of the unit of work; statements that write them are generated from their records."""

from collections.abc import Sequence
from typing import Any, TypeVar

from sqlalchemy import Row

from services.fulfillment.orders.domain import (
    AllocatedLot,
    AllocatedUnit,
    Carton,
    Demand,
    DispatchCheck,
    Line,
    Order,
    OrderLogEntry,
    Shipment,
)
from shared.persistence.record_table import RecordTable

R = TypeVar("R")


ARRAYS = {"serials": "text[]", "lots": "text[]"}
ORDERS = RecordTable("sales_order", Order, "order_id", Order.UPDATED, types={"content_hash": "bytea"})
LINES = RecordTable("order_line", Line, "order_id line", Line.UPDATED, types=ARRAYS)
DEMANDS = RecordTable("demand", Demand, "demand_id", Demand.UPDATED, types=ARRAYS)
# A unit has one row while it is in the warehouse, and one per shipment.
UNITS = RecordTable("allocated_unit", AllocatedUnit, "sku serial", AllocatedUnit.UPDATED, scope="t.shipment = ''")
LOTS = RecordTable("allocated_lot", AllocatedLot, "allocated_lot_id", AllocatedLot.UPDATED)
CARTONS = RecordTable("carton", Carton, "carton", Carton.UPDATED)
SHIPMENTS = RecordTable("shipment", Shipment, "shipment", Shipment.UPDATED, types={"orders": "text[]"})
CHECKS = RecordTable(
    "dispatch_check", DispatchCheck, "check_id", DispatchCheck.UPDATED,
    types={"orders": "text[]", "packing_versions": "integer[]", "reasons": "jsonb"},
)  # fmt: skip
ORDER_LOG = RecordTable("order_log", OrderLogEntry, "order_id", types={"detail": "jsonb"})


def load_with(table: RecordTable[R], rows: Sequence[Row[Any]], column: str) -> list[R]:
    """Load records with a column that the SELECT computes."""
    records = table.load(rows, (column,))
    for record, row in zip(records, rows, strict=True):
        setattr(record, column, getattr(row, column))
    return records
