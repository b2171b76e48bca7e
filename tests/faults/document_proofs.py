"""Proves that receiving, serials and fulfillment agree on every unit, and that line totals equal their items."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from deploy.databases import SERVICES
from shared.contracts.fulfillment import OrderDispatched
from shared.contracts.problems import Code
from tests.faults.findings import Findings
from tests.faults.identifier_flow import IdentifierFlow
from tests.faults.serial_proofs import SerialsSnapshot
from tests.faults.snapshots import fetch_rows

ON_HAND = {"RECEIVED", "IN_INVENTORY", "ALLOCATED", "PICKED"}
SELECT_ORDER_LINE_SUMS = """
    WITH item AS (
        SELECT order_id, line, status, 1 AS quantity FROM allocated_unit
        UNION ALL SELECT order_id, line, status, quantity FROM allocated_lot
    )
    SELECT order_id, line, allocated, picked, shipped, ordered, cancelled,
           allocated + picked + shipped + backordered + dropped AS covered,
           coalesce(sum(quantity) FILTER (WHERE item.status = 'ALLOCATED'), 0) AS items_allocated,
           coalesce(sum(quantity) FILTER (WHERE item.status = 'PICKED'), 0) AS items_picked,
           coalesce(sum(quantity) FILTER (WHERE item.status = 'SHIPPED'), 0) AS items_shipped
    FROM order_line LEFT JOIN item USING (order_id, line) GROUP BY order_id, line
"""
SELECT_UNWANTED = """
    SELECT order_id, line, lot, lots FROM allocated_lot JOIN order_line USING (order_id, line)
    WHERE status = 'SHIPPED' AND lots <> '{}' AND lot <> ALL(lots)
"""
SELECT_RECEIPT_LINE_SUMS = """
    SELECT receipt, line, received,
           (SELECT count(*) FROM unit WHERE unit.receipt = receipt_line.receipt AND unit.line = receipt_line.line
            AND unit.status IN ('ON_HAND', 'SHIPPED')) +
           (SELECT coalesce(sum(quantity), 0) FROM lot_scan WHERE lot_scan.receipt = receipt_line.receipt
            AND lot_scan.line = receipt_line.line AND lot_scan.status = 'RECEIVED') AS items_received
    FROM receipt_line
"""


async def prove_messaging(environment: Mapping[str, str], injected_count: int, findings: Findings) -> None:
    """Prove empty outboxes, no dead letters except injected ones, and no event conflicts."""
    dead_letter_count = 0
    for service in SERVICES:
        ((unpublished_count,),) = await fetch_rows(environment, service, "SELECT count(*) FROM outbox")
        if unpublished_count:
            findings.add("unpublished", f"{unpublished_count} rows in the outbox of {service}")
        ((count,),) = await fetch_rows(environment, service, "SELECT count(*) FROM dead_letter")
        dead_letter_count += count
        query = "SELECT * FROM rejection WHERE kind = 'EVENT_CONFLICT' AND closed_at IS NULL"
        for row in await fetch_rows(environment, service, query):
            if (row["type"], row["codes"]) == (OrderDispatched.TYPE, [Code.ON_HOLD]):
                findings.figures["late holds"] += 1  # placed after the dispatch check: reported to a supervisor
                continue
            if row["codes"] == [Code.REMAINING_EXCEEDS_STOCK]:
                findings.figures["contradicted reports"] += 1  # what is left is counted while others pick there
                continue
            findings.add("inconsistent", f"{service} on {row['type']} of {row['document']}: {row['violations']}")
    findings.figures["dead letters"] += dead_letter_count
    if dead_letter_count != injected_count:
        findings.add("dead letters", f"{dead_letter_count} dead letters instead of {injected_count}")


async def prove_units(environment: Mapping[str, str], serials: SerialsSnapshot, findings: Findings) -> None:
    """Prove that all three services agree on the status, order and shipment of each unit."""
    receiving_rows = {
        (row["sku"], row["serial"]): row for row in await fetch_rows(environment, "receiving", "SELECT * FROM unit")
    }
    fulfillment_rows: dict[tuple[str, str], Any] = {}
    for row in await fetch_rows(environment, "fulfillment", "SELECT * FROM allocated_unit"):
        key = (row["sku"], row["serial"])
        if key in fulfillment_rows:
            findings.add("duplicated", f"{key} on orders {row['order_id']} and {fulfillment_rows[key]['order_id']}")
        fulfillment_rows[key] = row
    sold_before = {(sku, serial) for (sku, serial, _), change in serials.changes.items() if change == "SALE_REGISTERED"}
    for key, unit in serials.states.items():
        status = unit["status"]
        receiving_status = receiving_rows[key]["status"] if key in receiving_rows else None
        allowed_statuses = {"EXPECTED": {"EXPECTED", "SCANNED", "INACTIVE"}, "SHIPPED": {"SHIPPED"}}.get(
            status, {"ON_HAND", "VOID"}
        )
        if receiving_status not in allowed_statuses:
            findings.add("inconsistent", f"{key} is {status} in serials, {receiving_status} in receiving")
        fulfillment_row = fulfillment_rows.get(key)
        fulfillment_state = (
            (fulfillment_row["status"], fulfillment_row["order_id"], fulfillment_row["shipment"])
            if fulfillment_row
            else None
        )
        has_order = status in STATUSES_WITH_ORDER and key not in sold_before
        serials_state = (status, unit["order_id"], unit["shipment"] or "") if has_order else None
        if fulfillment_state != serials_state:
            findings.add("inconsistent", f"{key} is {serials_state} in serials, {fulfillment_state} in fulfillment")
    for key in (receiving_rows.keys() | fulfillment_rows.keys()) - serials.states.keys():
        findings.add("lost", f"{key} is not in serials")


STATUSES_WITH_ORDER = {"ALLOCATED", "PICKED", "SHIPPED"}


async def prove_line_sums(environment: Mapping[str, str], findings: Findings) -> None:
    """Prove that the quantities of order and receipt lines equal the sums of their units and lots."""
    for row in await fetch_rows(environment, "fulfillment", SELECT_ORDER_LINE_SUMS):
        line_quantities = (row["allocated"], row["picked"], row["shipped"])
        if line_quantities != (row["items_allocated"], row["items_picked"], row["items_shipped"]):
            findings.add("inconsistent", f"order line {dict(row)}")
        if not row["cancelled"] and row["covered"] != row["ordered"]:
            findings.add("inconsistent", f"quantities do not add up: order line {dict(row)}")
    for row in await fetch_rows(environment, "fulfillment", SELECT_UNWANTED):
        findings.add("unmatched", f"shipped {dict(row)}")
    for row in await fetch_rows(environment, "receiving", SELECT_RECEIPT_LINE_SUMS):
        if row["received"] != row["items_received"]:
            findings.add("inconsistent", f"receipt line {dict(row)}")


async def prove_contacts(environment: Mapping[str, str], flows: Sequence[IdentifierFlow], findings: Findings) -> None:
    """Prove that each customer contact of the recalls of a load was recorded exactly once."""
    query = "SELECT recall, sku, lot_or_serial FROM recall_contact WHERE recall = ANY($1)"
    rows = await fetch_rows(environment, "lots", query, [flow.name for flow in flows])
    recorded = Counter(tuple(row) for row in rows)
    expected = Counter(contact for flow in flows for contact in flow.contacts)
    if recorded != expected:
        findings.add("lost" if expected - recorded else "duplicated", f"contacts {recorded} instead of {expected}")
