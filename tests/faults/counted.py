"""Proves counted stock: the ledger is the balance, all that came is here or gone, nothing lost and nothing twice."""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from tests.faults.books import Record, rows
from tests.faults.findings import Findings
from tests.faults.load import Load
from tests.faults.topics import firsts
from tests.flows import conservation

Ledger = Sequence[Mapping[str, Any]]
SAID = {
    "lot.received.v1": {"RECEIVED", "RETURNED"},
    "lot.moved.v1": {"PUT_AWAY", "MOVED"},
    "lot.picked.v1": {"PICKED"},
    "lot.unpicked.v1": {"UNPICKED"},
    "lot.shipped.v1": {"SHIPPED"},
    "lot.adjusted.v1": {"SCRAPPED", "LOST", "FOUND", "COUNTED_UP", "COUNTED_DOWN", "SENT_BACK"},
}
"""What is told of a change of the ledger."""


class Books:
    """The databases, as the proofs of the flows read them."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment

    async def rows(self, service: str, query: str, *values: Any) -> list[dict[str, Any]]:
        """Run a query on a service's database."""
        return [dict(row) for row in await rows(self._environment, service, query, *values)]


async def read(environment: Mapping[str, str], findings: Findings) -> Ledger:
    """Prove what the databases say of counted stock; the ledger."""
    books = Books(environment)
    skus = [row["sku"] for row in await books.rows("lots", "SELECT DISTINCT sku FROM lot")]
    for check in conservation.PROOFS:
        try:
            await check(books, skus)
        except AssertionError as error:
            findings.add("lost" if check in conservation.SUMS else "disagreeing", f"{check.__name__}: {error}")
    ledger = await books.rows("lots", "SELECT * FROM ledger ORDER BY id")
    effects = Counter(
        tuple(row[name] for name in ("change", "sku", "lot", "location", "demand", "cause_source", "cause_id"))
        for row in ledger
    )
    for effect, times in effects.items():
        if times > 1:
            findings.add("doubled", f"{effect} happened {times} times")
    return ledger


def prove_said(records: Sequence[Record], ledger: Ledger, findings: Findings) -> None:
    """As much as the ledger says of each kind of change of a lot was told, and not more."""
    told: dict[tuple[str, str, str], Decimal] = defaultdict(Decimal)
    for record in firsts(records):
        if changes := SAID.get(record.event["type"]):
            data = record.event["data"]
            for lot in data.get("lots", [data]):
                told[min(changes), data["sku"], lot["lot"]] += Decimal(str(lot["quantity"]))
    written: dict[tuple[str, str, str], Decimal] = defaultdict(Decimal)
    for row in ledger:
        (changes,) = [changes for changes in SAID.values() if row["change"] in changes]
        quantity = row["on_hand"] if min(changes) == "MOVED" else abs(row["on_hand"] or row["picked"])
        written[min(changes), row["sku"], row["lot"]] += max(quantity, Decimal(0))
    for key in told.keys() | written.keys():
        if told[key] != written[key]:
            findings.add("lost" if told[key] < written[key] else "doubled", f"{key}: {written[key]}, told {told[key]}")


def prove_load(load: Load, ledger: Ledger, findings: Findings) -> None:
    """As much of a load's lots was received, stored, picked and shipped as was wanted, to the last gram."""
    done: dict[str, Decimal] = defaultdict(Decimal)
    for row in ledger:
        if row["sku"] == load.plan.food:
            done[row["change"]] += max(row["on_hand"], Decimal(0)) if row["change"] == "PUT_AWAY" else (
                abs(row["on_hand"] or row["picked"])
            )  # fmt: skip
    names = {"received": "RECEIVED", "stored": "PUT_AWAY"}
    reached = {name: done[names.get(name, name)] for name in load.wanted_lots}
    findings.figures["quantity of lots"] += int(reached["received"])
    if reached != load.wanted_lots:
        findings.add("lost", f"{load.plan.food}: {reached} instead of {load.wanted_lots}")
