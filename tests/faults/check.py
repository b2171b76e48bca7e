"""The one proof after every fault: nothing lost, nothing doubled, everything said, taken and at rest."""

from collections import Counter

from tests.faults import books, counted, documents, registry, topics
from tests.faults.findings import Findings
from tests.faults.house import House
from tests.faults.load import Load


async def prove(house: House, *loads: Load) -> Findings:
    """Read everything there is and fail unless all of it is as it must be."""
    environment, findings = house.environment, Findings()
    findings.figures["rest ms"] = round(1000 * await house.rest())
    records = await books.records(environment)
    topics.prove_order(records, findings)
    await topics.prove_taken(environment, records, findings)
    found = await registry.read(environment, findings)
    topics.prove_said(records, found.changes, findings)
    await documents.prove_line(environment, house.injected, findings)
    await documents.prove_units(environment, found, findings)
    await documents.prove_sums(environment, findings)
    stock = await counted.read(environment, findings)
    counted.prove_said(records, stock, findings)
    for load in loads:
        _prove_load(load, found, findings)
        counted.prove_load(load, stock, findings)
    findings.must_be_none(house.found)
    return findings


def _prove_load(load: Load, found: registry.Registry, findings: Findings) -> None:
    """Every unit of a load has one status, and there are as many of each as were wanted."""
    reached = Counter(found.status(key) for key in load.keys)
    findings.figures["units"] += len(load.keys)
    findings.figures["commands sent again"] += load.said_again
    findings.figures["said twice"] += load.outside.repeated.total()
    if reached != load.wanted:
        findings.add("lost", f"{load.plan.name}: {dict(reached)} instead of {dict(load.wanted)}")
    strangers = [key for key in found.states if key[0] in load.products and key not in load.keys]
    if strangers:
        findings.add("doubled", f"units that nobody announced: {strangers[:5]}")
