"""Requests about receipts and the facts that concern them: loaded, decided and saved a batch at a time.

All requests share one handler, so that a batch of scans, confirmations and closings is decided in one pass.
"""

from collections.abc import Sequence
from typing import Any

from services.receiving.products import store as products
from services.receiving.receipts import domain, store
from shared.contracts.commands.receiving import Scan, UndoScan
from shared.contracts.envelope import CloudEvent, Fact
from shared.contracts.reference import ProductChanged
from shared.contracts.serials import SerialAdjusted
from shared.contracts.upstream import AsnAnnounced, AsnChanged
from shared.database import Transaction
from shared.routing import Answer


def locks(data: Any) -> list[str]:
    """The receipt of a request, and the products whose units it names."""
    names = [f"receipt:{data.receipt}"]
    kind = type(data)
    if kind is AsnAnnounced:
        names += {f"sku:{line.sku}" for line in data.lines}
    elif kind is AsnChanged:
        names += {f"sku:{line.sku}" for line in (*data.add, *data.remove)}
    elif kind in {Scan, UndoScan} and data.sku:
        names.append(f"sku:{data.sku}")
    return names


async def complete(tx: Transaction, events: Sequence[CloudEvent[Scan]]) -> Sequence[CloudEvent[Scan]]:
    """Name the product of each scanned barcode, so that it is locked; whether that is still so, the rules look."""
    codes = {event.data.barcode for event in events if event.data.barcode}
    if not codes:
        return events
    coded = await products.barcodes(tx, codes)
    return [
        event.model_copy(update={"data": event.data.model_copy(update={"sku": coded[event.data.barcode].sku})})
        if event.data.barcode in coded
        else event
        for event in events
    ]


async def decide(tx: Transaction, events: Sequence[CloudEvent[Any]]) -> Sequence[Answer]:
    """Announce, change, cancel, scan, undo, confirm, close, resolve: in the order they came."""
    desk = await store.load(tx, events)
    outcomes = domain.decide(desk, events)
    await store.save(tx, desk)
    return [Answer(**outcome._asdict()) for outcome in outcomes]


async def wake(tx: Transaction, events: Sequence[CloudEvent[ProductChanged]]) -> Sequence[Fact]:
    """Plan the lines that waited for these products."""
    desk = await store.load_waiting(tx, (event.data.sku for event in events))
    if not desk.lines:
        return ()
    said = domain.wake(desk, events)
    await store.save(tx, desk)
    return said


async def void(tx: Transaction, events: Sequence[CloudEvent[SerialAdjusted]]) -> Sequence[Fact]:
    """Units whose entry was wrong: known for ever, never to be received again, their lines open again (S18)."""
    voids = [event for event in events if event.data.adjustment == "VOID"]
    if voids:
        desk = await store.load_units(tx, ((event.data.sku, one) for event in voids for one in event.data.serials))
        domain.void(desk, voids)
        await store.save(tx, desk)
    return ()
