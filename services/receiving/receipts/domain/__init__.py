"""The rules of receipts: one function a request, each on the same desk, in the order the requests came."""

from collections.abc import Callable, Sequence
from typing import Any

from services.receiving.receipts.domain.announce import announce
from services.receiving.receipts.domain.answers import Outcome
from services.receiving.receipts.domain.changes import cancel, change
from services.receiving.receipts.domain.closing import close
from services.receiving.receipts.domain.desk import Desk
from services.receiving.receipts.domain.resolving import resolve
from services.receiving.receipts.domain.scanning import scan
from services.receiving.receipts.domain.sessions import confirm, drop, take_over, undo
from services.receiving.receipts.domain.voiding import void
from services.receiving.receipts.domain.waiting import wake
from shared.contracts.commands import receiving as commands
from shared.contracts.envelope import CloudEvent, Fact
from shared.contracts.upstream import AsnAnnounced, AsnCancelled, AsnChanged

RULES: dict[type[Fact], Callable[[Desk, CloudEvent[Any]], Outcome]] = {
    AsnAnnounced: announce,
    AsnChanged: change,
    AsnCancelled: cancel,
    commands.Scan: scan,
    commands.UndoScan: undo,
    commands.DropSession: drop,
    commands.TakeOverSession: take_over,
    commands.ConfirmSession: confirm,
    commands.CloseReceipt: close,
    commands.ResolveDiscrepancy: resolve,
}


def decide(desk: Desk, events: Sequence[CloudEvent[Any]]) -> list[Outcome]:
    """Walk requests in order; each sees what those before it left."""
    return [RULES[type(event.data)](desk, event) for event in events]


__all__ = ["RULES", "Desk", "Outcome", "decide", "void", "wake"]
