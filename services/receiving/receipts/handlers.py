"""Lock keys of receipt commands, and completion of scans by barcode."""

from collections.abc import Sequence
from typing import Any

from services.receiving.products import store as products
from shared.contracts.commands.receiving import ScanItems, UndoScan
from shared.contracts.envelope import CloudEvent
from shared.contracts.upstream import AsnAnnounced, AsnChanged
from shared.persistence.database import Transaction


def receipt_lock_keys(data: Any) -> list[str]:
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
    skus = {barcode.code: barcode.sku for barcode in await products.find_barcodes(tx, codes)}
    return [
        event.model_copy(update={"data": event.data.model_copy(update={"sku": skus[event.data.barcode]})})
        if event.data.barcode in skus
        else event
        for event in events
    ]
