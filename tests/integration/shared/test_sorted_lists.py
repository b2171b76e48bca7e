"""Query plans of all sorted lists: an index serves each order, ascending and descending."""

from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any

import pytest
from sqlalchemy import text

from deploy.databases import SERVICES
from services.fulfillment.orders import queries as orders
from services.fulfillment.shipping.queries import reads as shipping
from services.lots.allocation.queries import demands as lot_demands
from services.lots.balances import queries as balances
from services.lots.lookup.queries import search as lot_search
from services.lots.lookup.queries.reports import REPORTS as LOT_REPORTS
from services.lots.recalls.queries import recalls
from services.lots.recalls.queries.lists import LISTS as RECALL_LISTS
from services.receiving.cartons import queries as cartons
from services.receiving.locations import queries as locations
from services.receiving.products.queries import products
from services.receiving.receipts import queries as receipts
from services.receiving.returns import queries as returns
from services.receiving.suppliers import api as suppliers
from services.serials.allocation.queries import demands as serial_demands
from services.serials.counts import queries as counts
from services.serials.lookup.queries import search as unit_search
from services.serials.lookup.queries import unit
from services.serials.lookup.queries.filters import Filters
from services.serials.lookup.queries.reports import REPORTS as SERIAL_REPORTS
from services.serials.units import queries as units
from shared.http import rejections, waiting
from shared.http.lists import Statement
from shared.imports import mappings, progress
from shared.messaging import dead_letters
from shared.persistence.database import Transaction, create_engine
from shared.persistence.sorting import SortOrder, Sorts
from tests.integration.query_plans import explain

Lists = Mapping[str, tuple[Statement, Sorts]]


def of_reports(reports: Any, prefix: str = "") -> Lists:
    """Return the statements of reports by name."""
    return {prefix + report.name: (report.statement, report.sorts) for report in reports}


def with_filters(query: Callable[[Any, SortOrder], str], filters: Any) -> Statement:
    """Return a statement without filters."""
    return lambda order: query(filters, order)


COMMON: Lists = {
    "rejections": (rejections.select_rejections, rejections.SORTS),
    "dead-letters": (dead_letters.select_dead_letters, dead_letters.SORTS),
}
IMPORTS: Lists = {
    "imports": (progress.select_imports, progress.SORTS),
    "import-mappings": (mappings.select_mappings, mappings.SORTS),
}
WAITING: Lists = {"waiting-messages": (waiting.select_waiting, waiting.SORTS)}
LISTS: Mapping[str, Lists] = {
    "receiving": {
        **COMMON,
        **IMPORTS,
        **WAITING,
        "products": (products.select_products, products.SORTS),
        "product changes": (products.select_changes, products.CHANGE_SORTS),
        "warehouses": (locations.select_warehouses, locations.WAREHOUSE_SORTS),
        "locations": (locations.select_locations, locations.LOCATION_SORTS),
        "location changes": (locations.select_changes, locations.CHANGE_SORTS),
        "receipts": (receipts.select_receipts, receipts.SORTS),
        "receipt lines": (receipts.select_lines, receipts.LINE_SORTS),
        "cartons": (cartons.select_cartons, cartons.CARTON_SORTS),
        "suppliers": (suppliers.select_suppliers, suppliers.SORTS),
        "sessions": (receipts.select_sessions, receipts.SESSION_SORTS),
        "discrepancies": (receipts.select_discrepancies, receipts.DISCREPANCY_SORTS),
        "returns": (returns.select_returns, returns.SORTS),
        "return units": (returns.select_units, returns.UNIT_SORTS),
        "return lots": (returns.select_lots, returns.LOT_SORTS),
    },
    "serials": {
        **COMMON,
        **IMPORTS,
        **of_reports(SERIAL_REPORTS),
        "serials": (with_filters(unit_search.sorted_query, Filters()), unit_search.SORTS),
        "history": (unit.select_history, unit.HISTORY_SORTS),
        "holds": (units.select_open_holds, units.HOLD_SORTS),
        "standing-holds": (units.select_standing_holds, units.STANDING_HOLD_SORTS),
        "counts": (counts.select_counts, counts.COUNT_SORTS),
        "count-discrepancies": (counts.select_discrepancies, counts.DISCREPANCY_SORTS),
        "demands": (serial_demands.select_demands, serial_demands.SORTS),
    },
    "lots": {
        **COMMON,
        **of_reports(LOT_REPORTS),
        **of_reports(RECALL_LISTS, "recall "),
        "lots": (with_filters(lot_search.sorted_query, lot_search.Filters()), lot_search.SORTS),
        "holds": (balances.select_holds, balances.HOLD_SORTS),
        "demands": (lot_demands.select_demands, lot_demands.SORTS),
        "recalls": (recalls.select_recalls, recalls.SORTS),
    },
    "fulfillment": {
        **COMMON,
        **WAITING,
        "orders": (orders.select_orders, orders.SORTS),
        "order log": (orders.select_log, orders.LOG_SORTS),
        "shipments": (shipping.select_shipments, shipping.SORTS),
    },
}
SORTED_IN_MEMORY = {
    "serial-inventory", "location-exceptions", "lot-inventory", "expiring-lots", "expiring-serials", "stock",
    "reconciliation", "lot-movements", "recall stock", "recall orders", "recall contacts", "recall reconciliation",
    "cartons",
}  # fmt: skip
"""Sums of what a page or a recall has, and unions of pages that indexes serve."""
SUBJECTS: Mapping[str, Mapping[str, Any]] = {
    "product changes": {"sku": "x"}, "location changes": {"name": "x"}, "receipt lines": {"receipt": "x"},
    "cartons": {"receipt": "x"},
    "sessions": {"receipt": "x"}, "return units": {"return_id": "x"}, "return lots": {"return_id": "x"},
    "history": {"id": 1}, "order log": {"order": "x"},
    **{f"recall {report.name}": {"recall": "x"} for report in RECALL_LISTS},
}  # fmt: skip
"""Documents of the lists that have one."""
DEFAULTS = {
    "movements": False, "released": False, "backordered": False, "wrong_only": False, "prefix": "", "upper_bound": "",
    "size": 3, "warehouses": [], "days": [],
}  # fmt: skip


@pytest.fixture(params=SERVICES)
async def service(request: pytest.FixtureRequest) -> str:
    """Name of a service."""
    return str(request.param)


@pytest.fixture
async def tx(environment: Mapping[str, str], service: str) -> AsyncIterator[Transaction]:
    """Provide a transaction that prefers indexes: its tables are too small for the plans of large ones."""
    engine = create_engine(environment[f"{service.upper()}_MIGRATION_DATABASE_URL"], "test")
    async with engine.connect() as connection:
        tx = Transaction(connection)
        for setting in ("enable_seqscan", "enable_sort", "enable_bitmapscan", "enable_hashjoin", "enable_mergejoin"):
            await tx.execute(text(f"SET LOCAL {setting} = off"))
        yield tx
    await engine.dispose()


async def test_an_index_serves_each_order(tx: Transaction, service: str) -> None:
    """No order of a list scans or sorts a table, on its first page and after a cursor."""
    faults = []
    for name, (statement, sorts) in LISTS[service].items():
        for sort, order in sorts.items():
            for cursor in (None, [1 if key.type in {"bigint", "integer"} else "2026-01-01" for key in order.keys]):
                parameters = text(statement(order)).compile().params
                values = {**DEFAULTS, **SUBJECTS.get(name, {}), **order.parameters(cursor)}
                used = {parameter: values.get(parameter) for parameter in parameters}
                nodes = await explain(tx, statement(order), used, of_rows=False)
                # The names of products are joined to the rows of a page.
                read = [node for node in nodes if node.get("Relation Name") != "product"]
                slow = [node for node in read if node["Node Type"] in {"Sort", "Seq Scan"}]
                if slow and name not in SORTED_IN_MEMORY:
                    faults.append(
                        (name, sort, cursor, [(node["Node Type"], node.get("Relation Name")) for node in slow])
                    )
    assert faults == []
