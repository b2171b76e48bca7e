"""Rules of receipts: one function per command, applied in order to one unit of work."""

from collections.abc import Callable, Sequence
from typing import Any

from services.receiving.receipts.domain.amendments import amend_receipt, cancel_receipt
from services.receiving.receipts.domain.asn import announce_receipt
from services.receiving.receipts.domain.closing import close_receipt
from services.receiving.receipts.domain.discrepancies import resolve_discrepancy
from services.receiving.receipts.domain.receipt_lines import plan_waiting_lines, void_units
from services.receiving.receipts.domain.results import CommandOutcome
from services.receiving.receipts.domain.scans import record_scans
from services.receiving.receipts.domain.sessions import confirm_session, discard_session, take_over_session, undo_scans
from services.receiving.receipts.domain.unit_of_work import ReceivingUnitOfWork
from shared.contracts.commands import receiving as commands
from shared.contracts.envelope import CloudEvent, Message
from shared.contracts.upstream import AsnAnnounced, AsnCancelled, AsnChanged

COMMAND_RULES: dict[type[Message], Callable[[ReceivingUnitOfWork, CloudEvent[Any]], CommandOutcome]] = {
    AsnAnnounced: announce_receipt,
    AsnChanged: amend_receipt,
    AsnCancelled: cancel_receipt,
    commands.ScanItems: record_scans,
    commands.UndoScan: undo_scans,
    commands.DiscardSession: discard_session,
    commands.TakeOverSession: take_over_session,
    commands.ConfirmSession: confirm_session,
    commands.CloseReceipt: close_receipt,
    commands.ResolveDiscrepancy: resolve_discrepancy,
}


def apply_commands(uow: ReceivingUnitOfWork, events: Sequence[CloudEvent[Any]]) -> list[CommandOutcome]:
    """Apply commands in order; each sees the changes of the previous ones."""
    return [COMMAND_RULES[type(event.data)](uow, event) for event in events]


__all__ = [
    "COMMAND_RULES",
    "CommandOutcome",
    "ReceivingUnitOfWork",
    "apply_commands",
    "plan_waiting_lines",
    "void_units",
]
