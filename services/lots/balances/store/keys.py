"""Keys of lots and balances as arrays in statements."""

from collections.abc import Iterable
from typing import Any

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
