"""Transitions between the statuses of a receipt, as listed in docs/integration.md."""

import re
from collections.abc import Callable

from shared.contracts.commands.receiving import CloseReceipt, DiscardSession
from shared.contracts.upstream import AsnCancelled
from shared.unit_of_work import CommandResult
from tests.support.guide import read_table
from tests.support.in_memory.receiving import InMemoryReceiving
from tests.unit.receiving.steps import (
    amend_receipt,
    announce_receipt,
    asn_line,
    confirm_session,
    scan_serials,
)

Step = Callable[[InMemoryReceiving], CommandResult]
STEPS: tuple[Step, ...] = (
    lambda service: announce_receipt(service, "R1", asn_line(quantity=1)),
    lambda service: amend_receipt(service, "R1", asn_line(quantity=2)),
    lambda service: service.handle_command(AsnCancelled(receipt="R1")),
    lambda service: scan_serials(service, "R1", f"PU-{len(service.uow.units)}"),
    lambda service: service.handle_command(DiscardSession(receipt="R1", session="S")),
    lambda service: confirm_session(service, "R1"),
    lambda service: service.handle_command(CloseReceipt(receipt="R1")),
)


def test_every_sequence_of_commands_follows_the_table() -> None:
    """All sequences of up to four commands after the ASN cause exactly the listed transitions."""
    found: set[tuple[str, str]] = set()
    sequences: list[tuple[Step, ...]] = [(STEPS[0],)]
    for _ in range(4):
        sequences = [(*sequence, step) for sequence in sequences for step in STEPS]
        found |= {transition for sequence in sequences if (transition := last_transition(sequence))}
    rows = read_table("receipt status", "meaning", "next statuses")
    assert found == {(row[0].strip("`"), after) for row in rows for after in re.findall(r"`(\w+)`", row[2])}


def last_transition(sequence: tuple[Step, ...]) -> tuple[str, str] | None:
    """Apply commands to a new unit of work; return the status before and after the last one if it changed."""
    service = InMemoryReceiving()
    for step in sequence[:-1]:
        step(service)
    before = service.uow.receipts["R1"].status
    sequence[-1](service)
    after = service.uow.receipts["R1"].status
    return (before, after) if before != after else None
