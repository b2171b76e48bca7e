"""The proof after every fault: nothing lost or duplicated, everything published and consumed."""

from collections import Counter

from tests.faults import document_proofs, lot_proofs, serial_proofs, snapshots, topic_proofs
from tests.faults.cluster import Cluster
from tests.faults.findings import Findings
from tests.faults.identifier_flow import CHANGES_PER_FLOW
from tests.faults.load import Load


async def prove(cluster: Cluster, *loads: Load) -> Findings:
    """Read all topics and databases and assert all invariants."""
    environment, findings = cluster.environment, Findings()
    findings.figures["quiescence ms"] = round(1000 * await cluster.wait_until_quiescent())
    records = await snapshots.read_records(environment)
    topic_proofs.prove_record_order(records, findings)
    await topic_proofs.prove_processed(environment, records, findings)
    serials = await serial_proofs.read_serials(environment, findings)
    topic_proofs.prove_published(records, serials.changes, findings)
    await document_proofs.prove_messaging(environment, cluster.injected_dead_letters, findings)
    await document_proofs.prove_units(environment, serials, findings)
    await document_proofs.prove_line_sums(environment, findings)
    ledger = await lot_proofs.read_ledger(environment, findings)
    lot_proofs.prove_published(records, ledger, findings)
    for load in loads:
        _prove_load(load, serials, findings)
        lot_proofs.prove_load(load, ledger, findings)
        await document_proofs.prove_contacts(environment, load.identifiers.flows, findings)
    findings.assert_none(cluster.known_problems)
    return findings


def _prove_load(load: Load, serials: serial_proofs.SerialsSnapshot, findings: Findings) -> None:
    """Prove the number of units by status, and that no unexpected unit exists."""
    status_counts = Counter(serials.status(key) for key in load.unit_keys)
    findings.figures["units"] += len(load.unit_keys)
    findings.figures["commands retried"] += load.retry_count
    findings.figures["redelivered"] += load.upstream.repeated.total()
    if status_counts != load.expected_statuses:
        findings.add("lost", f"{load.plan.name}: {dict(status_counts)} instead of {dict(load.expected_statuses)}")
    unexpected = [key for key in serials.states if key[0] in load.products and key not in load.unit_keys]
    if unexpected:
        findings.add("duplicated", f"unannounced units: {unexpected[:5]}")
    flow_changes = Counter(change for (sku, *_), change in serials.changes.items() if sku == load.identifiers.units_sku)
    for change, count in CHANGES_PER_FLOW.items():
        if flow_changes[change] != count * len(load.identifiers.flows):
            findings.add("lost", f"{load.identifiers.units_sku}: {flow_changes[change]} of {change}, {count} per flow")
