"""The movements of lots: ledger entries, and the holds and date corrections between them."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Literal

from pydantic import Field

from services.lots.balances.domain.ledger import LotChangeType
from services.lots.lookup.queries.totals import lot_condition, stock_filters
from shared.contracts.documents import FIELD_BY_COLUMN
from shared.contracts.model import KnownFieldsModel
from shared.http import LotFilter, Report, Since, SkuFilter, Until, WarehouseFilter
from shared.identifiers import SignedQuantity
from shared.persistence.sorting import SortKey, SortOrder, Sorts


class MovementRow(KnownFieldsModel):
    """Lot movement history: ledger entries, holds and date corrections by lot in order of recording.

    Sorted by lot and number only: no index has all entries in the order of their times.
    """

    sku: str = Field(description="SKU of the product")
    lot: str = Field(description="lot number; empty for untracked products")
    number: int = Field(description="number of the entry; later entries of a lot have higher numbers")
    recorded_at: datetime = Field(description="time of recording; of a hold, the time of occurrence")
    occurred_at: datetime = Field(description="time of occurrence, by the clock of the sender")
    change: LotChangeType | Literal["HOLD_PLACED", "HOLD_RELEASED", "DATES_CORRECTED"] = Field(
        description="type of the change"
    )
    warehouse: str = Field(description="warehouse; empty for a hold at all locations and a date correction")
    location: str | None = Field(description="location of the change; empty for shipments and changes of all locations")
    on_hand: SignedQuantity = Field(description="change of the on-hand quantity")
    picked_location: str | None = Field(description="location of the picked quantity that changed")
    picked: SignedQuantity = Field(description="change of the picked quantity")
    reason: str = Field(description="reason")
    actor: str = Field(description="user or system that caused the change")
    document: str = Field(description="document of the change; without another one, the id of its message")
    receipt: str | None = Field(description="receipt")
    order: str | None = Field(description="order")
    line: str | None = Field(description="line of the receipt or order")
    shipment: str | None = Field(description="shipment")
    customer: str | None = Field(description="customer")
    return_id: str | None = Field(description="customer return")
    other_lot: str | None = Field(description="of a corrected number: lot that the quantity went to or came from")
    inferred_from: str | None = Field(description="SSCC of the carton whose scan stood for that of the lot")
    hold_id: str | None = Field(description="hold that was placed or released")
    previous_expiry: date | None = Field(description="expiry date before its correction")
    expiry: date | None = Field(description="expiry date after its correction")
    scan: str | None = Field(description="what the scanner sent, one scan a line; empty if nothing was scanned")


COLUMN_BY_FIELD = {field: column for column, field in FIELD_BY_COLUMN.items()}
LEDGER_FIELDS = MovementRow.model_fields.keys() - {"number", "document", "hold_id", "previous_expiry", "expiry"}
LEDGER_DOCUMENT = "coalesce(document, shipment, return_id, order_id, receipt, cause_id)"

EMPTY_FIELDS: Mapping[str, str] = (
    dict.fromkeys(MovementRow.model_fields, "NULL")
    | {"sku": "sku", "lot": "lot", "warehouse": "''", "on_hand": "0", "picked": "0"}
    | dict.fromkeys(("previous_expiry", "expiry"), "CAST(NULL AS date)")
)


def _entries(order: SortOrder, table: str, number: str, fields: Mapping[str, str]) -> str:
    """Select the entries of a table after the cursor; `fields` are expressions, other fields are empty."""
    expressions = {**EMPTY_FIELDS, **fields, "number": number}
    columns = ", ".join(f'{expression} AS "{field}"' for field, expression in expressions.items())
    return f"""(
        SELECT {columns} FROM {table}
        WHERE (CAST(:sku AS text) IS NULL OR sku = :sku) AND {lot_condition()}
            AND (CAST(:warehouse AS text) IS NULL OR {expressions["warehouse"]} IN (:warehouse, ''))
            AND (CAST(:since AS timestamptz) IS NULL OR {expressions["recorded_at"]} >= :since)
            AND (CAST(:until AS timestamptz) IS NULL OR {expressions["recorded_at"]} < :until)
            AND {number} IS NOT NULL AND {order.after("sku", "lot", number)}
        {order.by("sku", "lot", number)} LIMIT :size
    )"""  # noqa: S608 - all parts are constants of this service


def _hold_entries(order: SortOrder, change: str, prefix: str, reason: str) -> str:
    """Select the entries of placed or of released holds."""
    fields = {
        "change": f"'HOLD_{change}'", "reason": reason, "actor": f"{prefix}_by", "recorded_at": f"{prefix}_at",
        "occurred_at": f"{prefix}_at", "warehouse": "coalesce(split_part(location, '/', 1), '')",
        "location": "location", "return_id": "return_id", "hold_id": "hold_id", "document": "hold_id",
        "scan": "scan" if change == "PLACED" else "NULL",
    }  # fmt: skip
    return _entries(order, "hold", f"{prefix}_number", fields)


CORRECTION_FIELDS = ("recorded_at", "occurred_at", "reason", "actor", "previous_expiry", "expiry", "scan")
LEDGER_ENTRY = {field: COLUMN_BY_FIELD.get(field, field) for field in LEDGER_FIELDS} | {"document": LEDGER_DOCUMENT}
CORRECTION = {"change": "'DATES_CORRECTED'", "document": "cause_id"} | {field: field for field in CORRECTION_FIELDS}


def select_movements(order: SortOrder) -> str:
    """Write the statement of the movements, from the four tables that have them."""
    entries = (
        _entries(order, "ledger", "id", LEDGER_ENTRY),
        _hold_entries(order, "PLACED", "opened", "reason"),
        _hold_entries(order, "RELEASED", "released", "released_reason"),
        _entries(order, "correction", "number", CORRECTION),
    )
    return f"{' UNION ALL '.join(entries)} {order.order_by} LIMIT :size"


def movement_filters(
    sku: SkuFilter = None,
    lot: LotFilter = None,
    warehouse: WarehouseFilter = None,
    since: Since = None,
    until: Until = None,
) -> dict[str, Any]:
    """Filter by product, lot, warehouse and time."""
    return stock_filters(sku, lot, warehouse) | {"since": since, "until": until}


SORTS = Sorts("lot", lot=[SortKey("sku"), SortKey("lot"), SortKey("number", "bigint")])
REPORT = Report("lot-movements", MovementRow, SORTS, select_movements, movement_filters)
