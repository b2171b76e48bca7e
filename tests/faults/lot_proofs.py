"""Proves lot stock: ledger and balances agree, quantities are conserved, nothing is lost or duplicated."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from tests.faults.findings import Findings
from tests.faults.identifier_flow import ARRIVED, ORDERED
from tests.faults.load import Load
from tests.faults.snapshots import TopicRecord, fetch_rows
from tests.faults.topic_proofs import first_deliveries
from tests.support import conservation

Ledger = Sequence[Mapping[str, Any]]
CHANGES_BY_EVENT = {
    "lot.received.v1": {"RECEIVED", "RETURNED"},
    "lot.moved.v1": {"PUT_AWAY", "MOVED"},
    "lot.picked.v1": {"PICKED"},
    "lot.unpicked.v1": {"UNPICKED"},
    "lot.shipped.v1": {"SHIPPED"},
    "lot.number_corrected.v1": {"NUMBER_CORRECTED"},
    "lot.adjusted.v1": {"SCRAPPED", "LOST", "FOUND", "COUNT_GAIN", "COUNT_LOSS", "RETURNED_TO_VENDOR"},
}
"""Ledger changes by the event that reports them."""


class DatabaseReader:
    """Reads the databases for the proofs of conservation."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment

    async def fetch_rows(self, service: str, query: str, *values: Any) -> list[dict[str, Any]]:
        """Run a query on the database of a service."""
        return [dict(row) for row in await fetch_rows(self._environment, service, query, *values)]


async def read_ledger(environment: Mapping[str, str], findings: Findings) -> Ledger:
    """Prove the lot stock of all databases; return the ledger."""
    databases = DatabaseReader(environment)
    skus = [row["sku"] for row in await databases.fetch_rows("lots", "SELECT DISTINCT sku FROM lot")]
    for check in conservation.PROOFS:
        try:
            await check(databases, skus)
        except AssertionError as error:
            findings.add(
                "lost" if check in conservation.QUANTITY_PROOFS else "inconsistent", f"{check.__name__}: {error}"
            )
    ledger = await databases.fetch_rows("lots", "SELECT * FROM ledger ORDER BY id")
    effects = Counter(
        tuple(row[name] for name in ("change", "sku", "lot", "location", "demand_id", "cause_source", "cause_id"))
        for row in ledger
    )
    for effect, times in effects.items():
        if times > 1:
            findings.add("duplicated", f"{effect} applied {times} times")
    return ledger


def prove_published(records: Sequence[TopicRecord], ledger: Ledger, findings: Findings) -> None:
    """Prove that published quantities equal the ledger, by lot and kind of change."""
    published: dict[tuple[str, str, str], Decimal] = defaultdict(Decimal)
    for record in first_deliveries(records):
        if changes := CHANGES_BY_EVENT.get(record.event["type"]):
            data = record.event["data"]
            for lot in data.get("lots", [data]):
                published[min(changes), data["sku"], lot["lot"]] += Decimal(str(lot["quantity"]))
            if "from_lot" in data and "location" not in data:  # the departure is booked under the right number
                published["SHIPPED", data["sku"], data["from_lot"]] -= Decimal(str(data["quantity"]))
                published["SHIPPED", data["sku"], data["lot"]] += Decimal(str(data["quantity"]))
    recorded: dict[tuple[str, str, str], Decimal] = defaultdict(Decimal)
    for row in ledger:
        (changes,) = [changes for changes in CHANGES_BY_EVENT.values() if row["change"] in changes]
        recorded[min(changes), row["sku"], row["lot"]] += _reported_quantity(row)
    for key in published.keys() | recorded.keys():
        if published[key] != recorded[key]:
            findings.add(
                "lost" if published[key] < recorded[key] else "duplicated",
                f"{key}: recorded {recorded[key]}, published {published[key]}",
            )


def _reported_quantity(row: Mapping[str, Any]) -> Decimal:
    """Return the quantity of a ledger row in the event about it, which reports a move at its target."""
    match row["change"]:
        case "PUT_AWAY" | "MOVED":
            return max(Decimal(row["on_hand"]), Decimal(0))
        case "NUMBER_CORRECTED":
            return max(Decimal(row["on_hand"] + row["picked"]), Decimal(0))
        case "SHIPPED":
            return Decimal(-row["picked"])
        case _:
            return Decimal(abs(row["on_hand"] or row["picked"]))


def prove_load(load: Load, ledger: Ledger, findings: Findings) -> None:
    """Prove that the lot quantities received, stored, picked and shipped are exactly those of the load."""
    moved: dict[str, Decimal] = defaultdict(Decimal)
    for row in ledger:
        if row["sku"] == load.plan.lot_sku:
            moved[row["change"]] += max(row["on_hand"], Decimal(0)) if row["change"] == "PUT_AWAY" else (
                abs(row["on_hand"] or row["picked"])
            )  # fmt: skip
    names = {"received": "RECEIVED", "stored": "PUT_AWAY"}
    actual = {name: moved[names.get(name, name)] for name in load.expected_lots}
    findings.figures["lot quantity"] += int(actual["received"])
    if actual != load.expected_lots:
        findings.add("lost", f"{load.plan.lot_sku}: {actual} instead of {load.expected_lots}")
    for change in ("COUNT_GAIN", "COUNT_LOSS", "LOST", "FOUND"):
        if moved[change]:
            findings.add("inconsistent", f"{load.plan.lot_sku}: {moved[change]} {change}, though all counts are right")
    findings.figures["counts"] += load.stock.settled
    for count in load.stock.variances:
        findings.add("inconsistent", f"the books differ from what was counted at that time: {count}")
    _prove_corrected_goods(load, ledger, findings)


def _prove_corrected_goods(load: Load, ledger: Ledger, findings: Findings) -> None:
    """Prove that all goods with a wrong lot number have the right one: what is left in stock, and what was shipped."""
    rows_by_sku: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for row in ledger:
        rows_by_sku[row["sku"]].append(row)
    for flow in load.identifiers.flows:
        totals: dict[str, Decimal] = defaultdict(Decimal)
        corrected = Decimal(0)
        for row in rows_by_sku[flow.goods_sku]:
            totals[row["lot"]] += row["on_hand"] + row["picked"]
            totals[f"{row['lot']} shipped"] -= row["picked"] if row["change"] == "SHIPPED" else 0
            corrected += row["on_hand"] + row["picked"] if row["change"] == "NUMBER_CORRECTED" else 0
        expected = {flow.right_lot: ARRIVED - ORDERED, f"{flow.shipped_lot} shipped": ORDERED}
        actual = {name: quantity for name, quantity in totals.items() if quantity}
        if actual != expected or corrected:
            findings.add("lost", f"{flow.name}: {actual} instead of {expected}, corrections sum to {corrected}")
