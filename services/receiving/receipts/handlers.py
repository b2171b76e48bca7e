"""Handlers of receipt commands and related events: load, apply and save one batch at a time.

All commands share one handler, so that a batch of scans, confirmations and closings is processed in one pass.
"""

from collections.abc import Sequence
from typing import Any

from services.receiving.products import store as products
from services.receiving.receipts import domain, store
from shared.contracts.commands.receiving import ScanItems, UndoScan
from shared.contracts.envelope import CloudEvent, Message
from shared.contracts.reference import ProductChanged
from shared.contracts.serials import SerialAdjusted
from shared.contracts.upstream import AsnAnnounced, AsnChanged
from shared.persistence.database import Transaction
from shared.unit_of_work import CommandResult


def lock_keys(data: Any) -> list[str]:
    """Return lock keys: the receipt of a command and the products whose units it lists."""
    keys = [f"receipt:{data.receipt}"]
    command_type = type(data)
    if command_type is AsnAnnounced:
        keys += {f"sku:{line.sku}" for line in data.lines}
    elif command_type is AsnChanged:
        keys += {f"sku:{line.sku}" for line in (*data.add, *data.remove)}
    elif command_type in {ScanItems, UndoScan} and data.sku:
        keys.append(f"sku:{data.sku}")
    return keys


async def resolve_barcodes(tx: Transaction, events: Sequence[CloudEvent[ScanItems]]) -> Sequence[CloudEvent[ScanItems]]:
    """Add the SKU of each scanned barcode, so that it is locked; the rules check the barcode again."""
    codes = {event.data.barcode for event in events if event.data.barcode}
    if not codes:
        return events
    barcode_matches = await products.load_barcodes(tx, codes)
    return [
        event.model_copy(
            update={"data": event.data.model_copy(update={"sku": barcode_matches[event.data.barcode].sku})}
        )
        if event.data.barcode in barcode_matches
        else event
        for event in events
    ]


async def handle_commands(tx: Transaction, events: Sequence[CloudEvent[Any]]) -> Sequence[CommandResult]:
    """Apply receipt commands in order."""
    uow = await store.load(tx, events)
    results = domain.apply_commands(uow, events)
    await store.save(tx, uow)
    return [CommandResult(**result._asdict()) for result in results]


async def plan_waiting_lines(tx: Transaction, events: Sequence[CloudEvent[ProductChanged]]) -> Sequence[Message]:
    """Plan the lines that await these products."""
    uow = await store.load_waiting(tx, (event.data.sku for event in events))
    if not uow.lines:
        return ()
    emitted = domain.plan_waiting_lines(uow, events)
    await store.save(tx, uow)
    return emitted


async def void_units(tx: Transaction, events: Sequence[CloudEvent[SerialAdjusted]]) -> Sequence[Message]:
    """Void units that were entered by mistake; their lines reopen, their serials are never reused (S18)."""
    void_events = [event for event in events if event.data.adjustment == "VOID"]
    if void_events:
        uow = await store.load_units(
            tx, ((event.data.sku, serial) for event in void_events for serial in event.data.serials)
        )
        domain.void_units(uow, void_events)
        await store.save(tx, uow)
    return ()
