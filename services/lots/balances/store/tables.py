"""The tables of lot stock: keys as arrays, columns, and INSERT and UPDATE statements of many rows."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import TextClause, text

from services.lots.balances.domain.records import BalanceKey, LotKey

LOT_KEYS = "unnest(CAST(:skus AS text[]), CAST(:lots AS text[])) AS k (sku, lot)"
BALANCE_KEYS = (
    "unnest(CAST(:skus AS text[]), CAST(:lots AS text[]), CAST(:locations AS text[])) AS k (sku, lot, location)"
)
LOCATION_KEYS = "unnest(CAST(:skus AS text[]), CAST(:locations AS text[])) AS k (sku, location)"


def lot_arrays(keys: Iterable[LotKey]) -> dict[str, Any]:
    """Return the parameters of LOT_KEYS: sorted, without duplicates."""
    key_list = sorted(set(keys))
    return {"skus": [sku for sku, _ in key_list], "lots": [lot for _, lot in key_list]}


def balance_arrays(keys: Iterable[BalanceKey]) -> dict[str, Any]:
    """Return the parameters of BALANCE_KEYS: sorted, without duplicates."""
    key_list = sorted(set(keys))
    return {
        "skus": [sku for sku, _, _ in key_list],
        "lots": [lot for _, lot, _ in key_list],
        "locations": [location for _, _, location in key_list],
    }


class Table:
    """Statements of a table whose columns have the names of the record's fields."""

    def __init__(self, name: str, columns: Mapping[str, str], keys: str = "", mutable: str = "") -> None:
        self.select_columns = ", ".join(f"{name}.{column}" for column in columns)
        # The identity column is generated.
        insertable = {column: column_type for column, column_type in columns.items() if column != "id"}
        self.insert_columns = list(insertable)
        self.insert_statement = text(
            f"INSERT INTO {name} ({', '.join(insertable)}) SELECT * FROM unnest({_arrays(insertable)})"  # noqa: S608
        )
        self.update_statement = (
            _update(name, columns, keys.split(), mutable.split()) if mutable else self.insert_statement
        )
        self.update_columns = [*keys.split(), *mutable.split()]


def _arrays(columns: Mapping[str, str]) -> str:
    return ", ".join(f"CAST(:{name} AS {column_type}[])" for name, column_type in columns.items())


def _update(table: str, columns: Mapping[str, str], keys: Sequence[str], mutable: Sequence[str]) -> TextClause:
    typed_columns = {name: columns[name] for name in [*keys, *mutable]}
    return text(f"""
        UPDATE {table} SET {", ".join(f"{name} = input.{name}" for name in mutable)}
        FROM unnest({_arrays(typed_columns)}) AS input ({", ".join(typed_columns)})
        WHERE {" AND ".join(f"{table}.{name} = input.{name}" for name in keys)}
    """)  # noqa: S608 - all names are constants of this module


TEXT, NUMERIC, DATE, TIMESTAMP = "text", "numeric", "date", "timestamptz"
CONTEXT_COLUMNS = {
    "reason": TEXT,
    "actor": TEXT,
    "occurred_at": TIMESTAMP,
    "recorded_at": TIMESTAMP,
    "cause_source": TEXT,
    "cause_id": TEXT,
}
DEMAND_COLUMNS = {"order_id": TEXT, "line": TEXT, "quantity": NUMERIC}
LOT = Table(
    "lot",
    {"sku": TEXT, "lot": TEXT, "expiry": DATE, "manufactured_on": DATE, "best_before": DATE,
     "first_received_at": TIMESTAMP, "supplier": TEXT},
    "sku lot", "expiry manufactured_on best_before",
)  # fmt: skip
BALANCE = Table(
    "balance",
    {"sku": TEXT, "lot": TEXT, "location": TEXT, "warehouse": TEXT, "is_storage": "boolean",
     "on_hand": NUMERIC, "allocated": NUMERIC, "expiry": DATE, "next_expiry_check": DATE},
    "sku lot location", "is_storage on_hand allocated",
)  # fmt: skip
RESERVATION = Table(
    "reservation", {"demand_id": TEXT, "lot": TEXT, "location": TEXT, "sku": TEXT, **DEMAND_COLUMNS},
    "demand_id lot location", "quantity",
)  # fmt: skip
PICKED = Table(
    "picked_stock",
    {"demand_id": TEXT, "lot": TEXT, "sku": TEXT, "warehouse": TEXT, **DEMAND_COLUMNS, "expiry": DATE,
     "next_expiry_check": DATE},
    "demand_id lot", "quantity expiry next_expiry_check",
)  # fmt: skip
HOLD = Table(
    "hold",
    {"hold_id": TEXT, "sku": TEXT, "lot": TEXT, "location": TEXT, "kind": TEXT, "reason": TEXT, "owner_role": TEXT,
     "return_id": TEXT, "pending_quantity": NUMERIC, "opened_by": TEXT, "opened_at": TIMESTAMP, "released_by": TEXT,
     "released_at": TIMESTAMP, "released_reason": TEXT, "id": "bigint"},
    "id", "pending_quantity released_by released_at released_reason",
)  # fmt: skip
LEDGER = Table(
    "ledger",
    {"change": TEXT, "sku": TEXT, "lot": TEXT, "warehouse": TEXT, "location": TEXT, "on_hand": NUMERIC,
     "picked": NUMERIC, **CONTEXT_COLUMNS, "receipt": TEXT, "order_id": TEXT, "line": TEXT, "demand_id": TEXT,
     "shipment": TEXT,
     "customer": TEXT, "return_id": TEXT, "supplier": TEXT},
)  # fmt: skip
CORRECTION = Table(
    "correction",
    {"sku": TEXT, "lot": TEXT, "previous_expiry": DATE, "expiry": DATE, "previous_manufactured_on": DATE,
     "manufactured_on": DATE, "previous_best_before": DATE, "best_before": DATE, **CONTEXT_COLUMNS},
)  # fmt: skip
