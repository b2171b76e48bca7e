"""Transitions between the statuses of a receipt, as listed in docs/integration.md."""

import re
from collections.abc import Callable

from services.receiving.receipts.domain import CommandOutcome, ReceivingUnitOfWork
from shared.contracts.commands.receiving import CloseReceipt, DiscardSession
from shared.contracts.upstream import AsnCancelled, AsnChanged
from tests.support.guide import read_table
from tests.unit.receiving.steps import (
    announce_receipt,
    asn_line,
    confirm_session,
    handle,
    new_uow,
    scan_serials,
)

Step = Callable[[ReceivingUnitOfWork], CommandOutcome]
STEPS: tuple[Step, ...] = (
    lambda uow: announce_receipt(uow, "R1", asn_line(quantity=1)),
    lambda uow: handle(uow, AsnChanged.model_validate({"receipt": "R1", "add": [asn_line(quantity=1)]})),
    lambda uow: handle(uow, AsnCancelled(receipt="R1")),
    lambda uow: scan_serials(uow, "R1", f"PU-{len(uow.units)}"),
    lambda uow: handle(uow, DiscardSession(receipt="R1", session="S")),
    lambda uow: confirm_session(uow, "R1"),
    lambda uow: handle(uow, CloseReceipt(receipt="R1")),
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
    uow = new_uow()
    for step in sequence[:-1]:
        step(uow)
    before = uow.receipts["R1"].status
    sequence[-1](uow)
    after = uow.receipts["R1"].status
    return (before, after) if before != after else None
