"""Proves that receiving, the registry and fulfillment say the same of every unit, and that their sums add up."""

from collections.abc import Mapping
from typing import Any

from deploy.databases import SERVICES
from shared.contracts.fulfillment import DispatchDone
from shared.contracts.problems import Code
from tests.faults.books import rows
from tests.faults.findings import Findings
from tests.faults.registry import Registry

IN_HOUSE = {"RECEIVED", "IN_INVENTORY", "ALLOCATED", "PICKED"}
SUMS = """
    WITH goods AS (
        SELECT order_id, line, status, 1 AS quantity FROM unit
        UNION ALL SELECT order_id, line, status, quantity FROM pile
    )
    SELECT order_id, line, allocated, picked, shipped, ordered,
           coalesce(sum(quantity) FILTER (WHERE goods.status = 'ALLOCATED'), 0) AS goods_allocated,
           coalesce(sum(quantity) FILTER (WHERE goods.status = 'PICKED'), 0) AS goods_picked,
           coalesce(sum(quantity) FILTER (WHERE goods.status = 'SHIPPED'), 0) AS goods_shipped
    FROM order_line LEFT JOIN goods USING (order_id, line) GROUP BY order_id, line
"""
RECEIVED = """
    SELECT receipt, line, received,
           (SELECT count(*) FROM unit WHERE unit.receipt = it.receipt AND unit.line = it.line
            AND unit.state IN ('IN_HOUSE', 'OUT')) +
           (SELECT coalesce(sum(quantity), 0) FROM lot_scan WHERE lot_scan.receipt = it.receipt
            AND lot_scan.line = it.line AND lot_scan.state = 'RECEIVED') AS goods
    FROM receipt_line AS it
"""


async def prove_line(environment: Mapping[str, str], injected: int, findings: Findings) -> None:
    """Nothing waits to be said, nothing unreadable was put aside but what was injected, no fact disagreed."""
    letters = 0
    for service in SERVICES:
        ((outbox,),) = await rows(environment, service, "SELECT count(*) FROM outbox")
        if outbox:
            findings.add("left over", f"{outbox} rows in the outbox of {service}")
        ((found,),) = await rows(environment, service, "SELECT count(*) FROM dead_letter")
        letters += found
        query = "SELECT * FROM rejection WHERE kind = 'DISAGREEMENT' AND closed_at IS NULL"
        for row in await rows(environment, service, query):
            if (row["type"], row["codes"]) == (DispatchDone.TYPE, [Code.HELD]):
                findings.figures["held too late"] += 1  # after its check: it left, and somebody has to call
                continue
            findings.add("disagreeing", f"{service} on {row['type']} of {row['document']}: {row['refusals']}")
    findings.figures["dead letters"] += letters
    if letters != injected:
        findings.add("left over", f"{letters} dead letters instead of {injected}")


async def prove_units(environment: Mapping[str, str], registry: Registry, findings: Findings) -> None:
    """Each unit stands alike at all three, with the same order and shipment."""
    received = {(row["sku"], row["serial"]): row for row in await rows(environment, "receiving", "SELECT * FROM unit")}
    orders: dict[tuple[str, str], Any] = {}
    for row in await rows(environment, "fulfillment", "SELECT * FROM unit"):
        key = (row["sku"], row["serial"])
        if key in orders:
            findings.add("doubled", f"{key} stands on {row['order_id']} and {orders[key]['order_id']}")
        orders[key] = row
    for key, unit in registry.states.items():
        status = unit["status"]
        state = received[key]["state"] if key in received else None
        fits = {"EXPECTED": {"EXPECTED", "SCANNED", "ABSENT"}, "SHIPPED": {"OUT"}}.get(status, {"IN_HOUSE", "VOID"})
        if state not in fits:
            findings.add("disagreeing", f"{key} is {status} at serials, {state} at receiving")
        given = orders.get(key)
        theirs = (given["status"], given["order_id"], given["shipment"]) if given else None
        ours = (status, unit["order_id"], unit["shipment"] or "") if status in CLAIMED else None
        if theirs != ours:
            findings.add("disagreeing", f"{key} is {ours} at serials, {theirs} at fulfillment")
    for key in (received.keys() | orders.keys()) - registry.states.keys():
        findings.add("lost", f"{key} is not in the registry")


CLAIMED = {"ALLOCATED", "PICKED", "SHIPPED"}


async def prove_sums(environment: Mapping[str, str], findings: Findings) -> None:
    """An order line counts its units and lots, and so does a receipt line."""
    for row in await rows(environment, "fulfillment", SUMS):
        counted = (row["allocated"], row["picked"], row["shipped"])
        if counted != (row["goods_allocated"], row["goods_picked"], row["goods_shipped"]):
            findings.add("disagreeing", f"order line {dict(row)}")
    for row in await rows(environment, "receiving", RECEIVED):
        if row["received"] != row["goods"]:
            findings.add("disagreeing", f"receipt line {dict(row)}")
