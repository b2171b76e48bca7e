"""Conservation of lot stock: no quantity appears or disappears, checked whenever all services are idle.

Written independently from the specification: the services' own reconciliation would only prove itself.
"""

from collections import defaultdict
from collections.abc import Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, Protocol

from shared.contracts.product_attributes import ShelfLifePolicy
from shared.inventory.expiry import shelf_life_violation, today

INFLOWS = {"RECEIVED", "RETURNED", "FOUND", "COUNT_GAIN"}
OUTFLOWS = {"SHIPPED", "SCRAPPED", "LOST", "COUNT_LOSS", "RETURNED_TO_VENDOR"}
INTERNAL_MOVES = {"PUT_AWAY", "MOVED", "PICKED", "UNPICKED"}
RENAMED = {"NUMBER_CORRECTED"}
"""Changes that move a quantity to another lot number of the product."""
JsonObject = dict[str, Any]
QuantityTotals = dict[tuple[Any, ...], Decimal]


class DatabaseReader(Protocol):
    """Any object that can query the services' databases."""

    async def fetch_rows(self, service: str, query: str, *values: Any) -> list[JsonObject]:
        """Query a service's database."""


def sum_by(rows: Sequence[JsonObject], *key_columns: str, column: str = "quantity") -> QuantityTotals:
    """Sum a column by key columns, without zero totals."""
    totals: QuantityTotals = defaultdict(Decimal)
    for row in rows:
        totals[tuple(row[name] for name in key_columns)] += row[column]
    return {key: total for key, total in totals.items() if total}


async def read_table(databases: DatabaseReader, service: str, table: str, skus: Sequence[str]) -> list[JsonObject]:
    """Return the rows of a table for these products."""
    return await databases.fetch_rows(service, f"SELECT * FROM {table} WHERE sku = ANY($1)", list(skus))  # noqa: S608


async def assert_ledger_equals_balances(databases: DatabaseReader, skus: Sequence[str]) -> None:
    """Ledger sums equal on-hand and picked quantities; allocated and missing ones equal reservations and variances."""
    ledger, balances = (
        await read_table(databases, "lots", "ledger", skus),
        await read_table(databases, "lots", "balance", skus),
    )
    reservations, picked = (
        await read_table(databases, "lots", "reservation", skus),
        await read_table(databases, "lots", "picked_stock", skus),
    )
    location_key, warehouse_key = ("sku", "lot", "location"), ("sku", "lot", "warehouse")
    location_entries = [row for row in ledger if row["location"]]
    assert sum_by(location_entries, *location_key, column="on_hand") == sum_by(
        balances, *location_key, column="on_hand"
    )
    assert sum_by(ledger, *warehouse_key, column="picked") == sum_by(picked, *warehouse_key)
    picked_entries = [row for row in ledger if row["picked_location"]]
    assert sum_by(picked_entries, "sku", "lot", "picked_location", column="picked") == sum_by(picked, *location_key)
    assert sum_by(reservations, *location_key) == sum_by(balances, *location_key, column="allocated")
    variances = await read_table(databases, "lots", "variance", skus)
    assert sum_by(variances, *location_key, column="missing") == sum_by(balances, *location_key, column="missing")
    assert all((row["missing"] > 0) == (row["settled_at"] is None) for row in variances), variances
    assert all(row["allocated"] >= 0 <= row["missing"] for row in balances), balances
    assert all(row["allocated"] + row["missing"] <= row["on_hand"] for row in balances), balances


async def assert_inflow_equals_stock_and_outflow(databases: DatabaseReader, skus: Sequence[str]) -> None:
    """Per lot and warehouse, inflow equals on hand, picked and outflow; internal moves sum to zero."""
    key = ("sku", "lot", "warehouse")
    ledger = await read_table(databases, "lots", "ledger", skus)
    assert {row["change"] for row in ledger} <= INFLOWS | OUTFLOWS | INTERNAL_MOVES | RENAMED
    for row in ledger:
        row["total"] = row["on_hand"] + row["picked"]
    on_hand = sum_by(await read_table(databases, "lots", "balance", skus), *key, column="on_hand")
    picked = sum_by(await read_table(databases, "lots", "picked_stock", skus), *key)
    inflow = sum_by([row for row in ledger if row["change"] in INFLOWS], *key, column="total")
    outflow = sum_by([row for row in ledger if row["change"] in OUTFLOWS], *key, column="total")
    renamed_entries = [row for row in ledger if row["change"] in RENAMED]
    renamed = sum_by(renamed_entries, *key, column="total")
    assert not sum_by(renamed_entries, "sku", "warehouse", column="total")
    assert not sum_by([row for row in ledger if row["change"] in INTERNAL_MOVES], *key, column="total")
    for lot in inflow.keys() | on_hand.keys() | picked.keys() | outflow.keys() | renamed.keys():
        zero = Decimal(0)
        accounted = on_hand.get(lot, zero) + picked.get(lot, zero) - outflow.get(lot, zero)
        assert inflow.get(lot, zero) + renamed.get(lot, zero) == accounted, (lot, inflow, on_hand, picked, outflow)


async def assert_fulfillment_matches_lots(databases: DatabaseReader, skus: Sequence[str]) -> None:
    """Allocated, picked and shipped quantities in lots equal those of fulfillment per demand."""
    allocated_lots = await read_table(databases, "fulfillment", "allocated_lot", skus)
    by_status = {
        status: [row for row in allocated_lots if row["status"] == status] for status in ("ALLOCATED", "PICKED")
    }
    reservations, picked = (
        await read_table(databases, "lots", "reservation", skus),
        await read_table(databases, "lots", "picked_stock", skus),
    )
    allocation_key = ("sku", "lot", "order_id", "line", "demand_id", "location")
    assert sum_by(by_status["ALLOCATED"], *allocation_key) == sum_by(reservations, *allocation_key)
    picked_key = ("sku", "lot", "order_id", "line", "demand_id", "location")
    assert sum_by(by_status["PICKED"], *picked_key) == sum_by(picked, *picked_key)
    shipments = [row for row in await read_table(databases, "lots", "ledger", skus) if row["change"] == "SHIPPED"]
    for row in shipments:
        row["quantity"] = -row["picked"]
    shipped_key = ("sku", "lot", "order_id", "line", "shipment")
    assert sum_by([row for row in allocated_lots if row["status"] == "SHIPPED"], *shipped_key) == sum_by(
        shipments, *shipped_key
    )


async def assert_line_quantities_add_up(databases: DatabaseReader, skus: Sequence[str]) -> None:
    """A line's totals equal its allocated lots; allocated, picked, shipped and open make up the order."""
    lines = await databases.fetch_rows(
        "fulfillment",
        """SELECT l.*, o.backorders, o.status FROM order_line l JOIN sales_order o USING (order_id)
           WHERE sku = ANY($1)""",
        list(skus),
    )
    by_status = sum_by(await read_table(databases, "fulfillment", "allocated_lot", skus), "order_id", "line", "status")
    open_quantities = sum_by(
        [row for row in await read_table(databases, "lots", "demand", skus) if row["status"] == "OPEN"],
        "order_id", "line", column="open_quantity",
    )  # fmt: skip
    zero = Decimal(0)
    for line in lines:
        key = (line["order_id"], line["line"])
        for status in ("ALLOCATED", "PICKED", "SHIPPED"):
            assert by_status.get((*key, status), zero) == line[status.lower()], line
        if line["cancelled"] or line["awaiting_product"] or line["status"] == "CANCELLED":
            assert key not in open_quantities, line
            continue
        assert line["backordered"] == open_quantities.get(key, zero), line
        covered = line["allocated"] + line["picked"] + line["shipped"] + line["backordered"]
        assert covered + line["dropped"] == line["ordered"], line


async def assert_no_open_demand_with_available_stock(databases: DatabaseReader, skus: Sequence[str]) -> None:
    """No demand is open while stored, unallocated stock that is not on hold matches it."""
    demands = [
        row
        for row in await read_table(databases, "lots", "demand", skus)
        if row["status"] == "OPEN" and row["open_quantity"]
    ]
    holds = [row for row in await read_table(databases, "lots", "hold", skus) if row["released_at"] is None]
    held_keys = {(row["sku"], row["lot"], row["location"]) for row in holds}
    lots = {(row["sku"], row["lot"]): row for row in await read_table(databases, "lots", "lot", skus)}
    products = {row["sku"]: row["shelf_life"] for row in await read_table(databases, "lots", "product", skus)}
    current_day = today(datetime.now(UTC), "Europe/Berlin")
    for balance in await read_table(databases, "lots", "balance", skus):
        sku, lot = balance["sku"], balance["lot"]
        available = balance["on_hand"] - balance["allocated"] - balance["staged"] - balance["missing"]
        if (
            not balance["is_storage"]
            or not available
            or held_keys & {(sku, lot, None), (sku, lot, balance["location"])}
        ):
            continue
        for demand in demands:
            # A single-lot demand may stay open although a lot that is too small is available.
            if (demand["sku"], demand["warehouse"]) != (sku, balance["warehouse"]) or demand["single_lot"]:
                continue
            violation = shelf_life_violation(
                lots[sku, lot]["expiry"],
                current_day,
                min_remaining_days=_min_remaining_days(products[sku], demand),
            )
            assert violation or (demand["allowed_lots"] and lot not in demand["allowed_lots"]), (demand, balance)


def _min_remaining_days(policy: str, demand: JsonObject) -> int:
    return ShelfLifePolicy.model_validate_json(policy).min_remaining_shelf_life(
        demand["customer"], demand["min_remaining_shelf_life_days"]
    )


QUANTITY_PROOFS = (assert_ledger_equals_balances, assert_inflow_equals_stock_and_outflow)
PROOFS = (
    *QUANTITY_PROOFS,
    assert_fulfillment_matches_lots,
    assert_line_quantities_add_up,
    assert_no_open_demand_with_available_stock,
)
