"""Invariants of serial stock, checked in the databases whenever all services are idle."""

import json
from collections.abc import Sequence

from services.serials.units.domain.transitions import next_status
from tests.e2e.system import JsonObject, SystemUnderTest

TABLES = {
    "receiving": ("unit", "receipt_line", "discrepancy", "lot_scan", "shipped_lot", "return_lot"),
    "serials": ("serial_state", "audit_entry", "demand", "hold"),
    "lots": (
        "lot",
        "ledger",
        "reservation",
        "picked_stock",
        "variance",
        "demand",
        "hold",
        "correction",
        "recall",
        "recall_product",
    ),
    "fulfillment": ("sales_order", "order_line", "demand", "allocated_unit", "shipment", "allocated_lot", "lot_hold"),
}


async def state_fingerprint(system: SystemUnderTest) -> JsonObject:
    """Return row counts and hashes of all stock and document tables."""
    digests = {}
    for service, tables in TABLES.items():
        for table in tables:
            query = f"SELECT count(*), md5(string_agg(row::text, '|' ORDER BY row::text)) FROM {table} AS row"  # noqa: S608
            digests[f"{service}.{table}"] = (await system.fetch_rows(service, query))[0]
    return digests


async def assert_invariants(system: SystemUnderTest, skus: Sequence[str]) -> None:
    """Run all checks for these products."""
    for check in (
        assert_one_status_per_serial,
        assert_audit_trail_ends_in_current_state,
        assert_allocations_match_published_events,
        assert_line_quantities_add_up,
        assert_no_open_demand_with_available_units,
        assert_no_event_conflicts,
        assert_each_message_has_one_effect,
    ):
        await check(system, skus)


async def assert_one_status_per_serial(system: SystemUnderTest, skus: Sequence[str]) -> None:
    """Each serial has one row and one status, equal in every service."""
    units = await system.fetch_rows(
        "serials",
        """SELECT s.sku, s.serial, t.status::text, t.order_id, t.order_line, t.demand_id, t.adjustment FROM serial s
           LEFT JOIN serial_state t USING (id) WHERE s.sku = ANY($1)""",
        skus,
    )
    assert len({(unit["sku"], unit["serial"]) for unit in units}) == len(units)
    assert all(unit["status"] for unit in units), units
    serials_units = {
        (unit["sku"], unit["serial"]): (unit["status"], unit["order_id"], unit["order_line"], unit["demand_id"])
        for unit in units
        if unit["status"] in ("ALLOCATED", "PICKED")
    }
    rows = await system.fetch_rows(
        "fulfillment", "SELECT * FROM allocated_unit WHERE sku = ANY($1) AND shipment = ''", skus
    )
    fulfillment_units = {
        (unit["sku"], unit["serial"]): (unit["status"], unit["order_id"], unit["line"], unit["demand_id"])
        for unit in rows
    }
    assert fulfillment_units == serials_units
    receiving_rows = await system.fetch_rows(
        "receiving", "SELECT sku, serial, status FROM unit WHERE sku = ANY($1)", skus
    )
    receiving_statuses = {(unit["sku"], unit["serial"]): unit["status"] for unit in receiving_rows}
    for unit in units:
        receiving_status = receiving_statuses[unit["sku"], unit["serial"]]
        assert (receiving_status == "VOID") == (unit["adjustment"] == "VOID"), (unit, receiving_status)
        if receiving_status == "VOID":
            continue
        match unit["status"]:
            case "EXPECTED":
                assert receiving_status in ("EXPECTED", "INACTIVE", "SCANNED"), (unit, receiving_status)
            case "SHIPPED":
                assert receiving_status == "SHIPPED", (unit, receiving_status)
            case _:
                assert receiving_status == "ON_HAND", (unit, receiving_status)


async def assert_audit_trail_ends_in_current_state(system: SystemUnderTest, skus: Sequence[str]) -> None:
    """Replayed from the start, each audit trail takes only legal steps and ends in the current state (S22)."""
    rows = await system.fetch_rows(
        "serials",
        """SELECT s.sku, s.serial, a.version, a.from_status::text, a.status::text, a.from_location, a.location,
                  o.change, t.version AS now_version, t.status::text AS now, t.location AS now_at
           FROM serial s JOIN serial_state t USING (id) JOIN audit_entry a ON a.serial_id = s.id
           JOIN audit_operation o ON o.id = a.operation_id
           WHERE s.sku = ANY($1) ORDER BY s.id, a.version""",
        skus,
    )
    trails: dict[tuple[str, str], list[JsonObject]] = {}
    for row in rows:
        trails.setdefault((row["sku"], row["serial"]), []).append(row)
    states = await system.fetch_rows("serials", "SELECT count(*) FROM serial WHERE sku = ANY($1)", skus)
    assert len(trails) == states[0]["count"]
    for trail in trails.values():
        status, location = None, None
        for version, row in enumerate(trail, start=1):
            assert (row["version"], row["from_status"], row["from_location"]) == (version, status, location), trail
            assert next_status(status, row["change"]) == row["status"], row
            status, location = row["status"], row["location"]
        assert (row["now_version"], row["now"], row["now_at"]) == (len(trail), status, location), trail


async def assert_allocations_match_published_events(system: SystemUnderTest, skus: Sequence[str]) -> None:
    """The units published as allocated per demand equal those that became ALLOCATED."""
    allocated = await system.fetch_rows(
        "serials",
        """SELECT o.demand_id, count(*) FROM serial s JOIN audit_entry a ON a.serial_id = s.id
           JOIN audit_operation o ON o.id = a.operation_id
           WHERE s.sku = ANY($1) AND o.change = 'ALLOCATED' GROUP BY 1""",
        skus,
    )
    published: dict[str, int] = {}
    for sku in skus:
        for event in system.listener.events_of("serials.events", sku, "serial.allocated.v1"):
            if units := event["data"].get("allocated"):
                published[event["data"]["demand_id"]] = published.get(event["data"]["demand_id"], 0) + len(units)
    assert published == {row["demand_id"]: row["count"] for row in allocated}


async def assert_line_quantities_add_up(system: SystemUnderTest, skus: Sequence[str]) -> None:
    """A line's quantity is allocated, picked, shipped or open under a demand of the serials service."""
    lines = await system.fetch_rows(
        "fulfillment",
        """SELECT l.*, o.backorders FROM order_line l JOIN sales_order o USING (order_id)
           WHERE sku = ANY($1) AND NOT l.cancelled AND NOT l.awaiting_product AND o.status <> 'CANCELLED'""",
        skus,
    )
    demands = await system.fetch_rows(
        "serials",
        """SELECT order_id, line, sum(open_quantity)::int AS open_quantity FROM demand
           WHERE sku = ANY($1) AND status = 'OPEN' GROUP BY 1, 2""",
        skus,
    )
    open_quantities = {(row["order_id"], row["line"]): row["open_quantity"] for row in demands}
    for line in lines:
        assigned = line["allocated"] + line["picked"] + line["shipped"]
        assert line["backordered"] == open_quantities.get((line["order_id"], line["line"]), 0), line
        assert assigned + line["backordered"] + line["dropped"] == line["ordered"], line
        units = await system.fetch_rows(
            "fulfillment",
            "SELECT status, count(*) FROM allocated_unit WHERE order_id = $1 AND line = $2 GROUP BY 1",
            line["order_id"],
            line["line"],
        )
        unit_counts = {row["status"]: row["count"] for row in units}
        line_counts = {"ALLOCATED": line["allocated"], "PICKED": line["picked"], "SHIPPED": line["shipped"]}
        assert unit_counts == {status: count for status, count in line_counts.items() if count}, line


async def assert_only_wanted_items_shipped(system: SystemUnderTest, sku: str) -> None:
    """What each shipment of an order of one line contained was allowed by the amendment before it."""
    entries = await system.fetch_rows(
        "fulfillment",
        """SELECT order_id, action, detail::text AS detail FROM order_log
           WHERE order_id IN (SELECT order_id FROM order_line GROUP BY order_id HAVING count(*) = 1 AND min(sku) = $1)
             AND action IN ('AMENDED', 'SWAP_REQUESTED', 'DISPATCHED') ORDER BY id""",
        sku,
    )
    wishes: dict[str, JsonObject] = {}
    for entry in entries:
        detail, wish = json.loads(entry["detail"]), wishes.get(entry["order_id"])
        if entry["action"] == "AMENDED":
            for line in detail["lines"]:
                wishes[entry["order_id"]] = {**line, "swapped": []}
        elif wish is not None and entry["action"] == "SWAP_REQUESTED":
            wish["swapped"].append(detail["replacement"])
        elif wish is not None:
            _assert_wanted(wish, detail.get("serials", []), [part["lot"] for part in detail.get("stock", [])])


def _assert_wanted(wish: JsonObject, serials: Sequence[str], lots: Sequence[str]) -> None:
    unlisted = [serial for serial in serials if serial not in wish["serials"] + wish["swapped"]]
    assert not wish["serials"] or len(unlisted) <= wish["quantity"] - len(wish["serials"]), (wish, serials)
    assert not wish["lots"] or {*lots} <= {*wish["lots"], *wish["swapped"]}, (wish, lots)
    assert not wish["single_lot"] or len({*lots}) <= 1, (wish, lots)


async def assert_no_open_demand_with_available_units(system: SystemUnderTest, skus: Sequence[str]) -> None:
    """No demand is open while a matching unit is available."""
    unserved = await system.fetch_rows(
        "serials",
        """SELECT d.demand_id, d.order_id, d.open_quantity, t.serial FROM demand d JOIN serial_state t
           ON t.sku = d.sku AND t.warehouse = d.warehouse
           WHERE d.sku = ANY($1) AND d.open_quantity > 0 AND d.kind = 'ANY' AND d.status = 'OPEN'
             AND t.status = 'IN_INVENTORY' AND t.open_hold_count = 0 AND t.adjustment IS NULL""",
        skus,
    )
    assert not unserved


async def assert_each_message_has_one_effect(system: SystemUnderTest, skus: Sequence[str]) -> None:
    """A message has at most one rejection and each effect on a unit once, however often it is delivered."""
    for service in system.databases:
        query = "SELECT source, message_id, count(*) FROM rejection GROUP BY 1, 2 HAVING count(*) > 1"
        duplicates = await system.fetch_rows(service, query)
        assert not duplicates, (service, duplicates)
    duplicates = await system.fetch_rows(
        "serials",
        """SELECT s.serial, o.change, o.cause_source, o.cause_id, count(*)
           FROM serial s JOIN audit_entry a ON a.serial_id = s.id JOIN audit_operation o ON o.id = a.operation_id
           WHERE s.sku = ANY($1) GROUP BY 1, 2, 3, 4 HAVING count(*) > 1""",
        skus,
    )
    assert not duplicates
    duplicates = await system.fetch_rows(
        "fulfillment",
        """SELECT order_id, source, message_id, action, detail, count(*) FROM order_log
           WHERE order_id IN (SELECT order_id FROM order_line WHERE sku = ANY($1))
           GROUP BY 1, 2, 3, 4, 5 HAVING count(*) > 1""",
        skus,
    )
    assert not duplicates, duplicates


async def assert_no_event_conflicts(system: SystemUnderTest, skus: Sequence[str]) -> None:
    """No event of another service is a conflict, apart from counts and reports of people that the books contradict."""
    for service in system.databases:
        conflicts = await system.fetch_rows(
            service,
            "SELECT * FROM rejection WHERE kind = 'EVENT_CONFLICT' AND raw::text LIKE ANY($1) AND closed_at IS NULL"
            " AND codes <> '{remaining_exceeds_stock}'",
            [f"%{sku}%" for sku in skus],
        )
        known = {"lot.stock_missing.v1", "lot.number_corrected.v1", "serial.stock_missing.v1"}
        assert not [conflict for conflict in conflicts if conflict["rejected_type"] not in known]
