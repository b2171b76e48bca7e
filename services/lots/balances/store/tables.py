"""The tables of lot stock, and their keys as arrays."""

from collections.abc import Iterable
from typing import Any

from services.lots.balances.domain.demands import Demand
from services.lots.balances.domain.ledger import Correction, LedgerEntry
from services.lots.balances.domain.records import (
    Balance,
    BalanceKey,
    CountRecord,
    ExpiryNotice,
    Hold,
    Lot,
    LotKey,
    PickedQuantity,
    Reservation,
    Variance,
)
from shared.persistence.record_table import RecordTable

LOT = RecordTable("lot", Lot, "sku lot", "expiry manufactured_on best_before")
BALANCE = RecordTable(
    "balance", Balance, "sku lot location", "is_storage on_hand allocated staged missing picked version"
)
RESERVATION = RecordTable("reservation", Reservation, "demand_id lot location", "quantity former_lots")
PICKED = RecordTable(
    "picked_stock", PickedQuantity, "demand_id lot location", "quantity missing expiry next_expiry_check former_lots"
)
HOLD = RecordTable("hold", Hold, "sku lot hold_id", "pending_quantity released_by released_at released_reason")
VARIANCE = RecordTable(
    "variance", Variance, "sku lot location variance_id", "quantity missing settled_by settled_at settlement"
)
DEMAND = RecordTable(
    "demand", Demand, "demand_id", "status open_quantity assigned_lot",
    types={"priority": "integer", "min_remaining_shelf_life_days": "integer", "allowed_lots": "text[]"},
)  # fmt: skip
NOTICE = RecordTable("expiry_notice", ExpiryNotice, "sku lot warehouse threshold", types={"threshold": "integer"})
COUNT = RecordTable("stock_count", CountRecord, "")
LEDGER = RecordTable("ledger", LedgerEntry, "")
CORRECTION = RecordTable("correction", Correction, "")

UNALLOCATED = "on_hand - allocated - missing"
"""Quantity of a balance that is neither allocated nor under investigation, like `Balance.unallocated`."""

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
