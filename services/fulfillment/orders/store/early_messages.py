"""Storage of messages that arrive before their order."""

import json
from collections import defaultdict
from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import text

from services.fulfillment.orders.store.tables import EARLY_MESSAGES, EarlyMessage
from shared.contracts.envelope import CloudEvent
from shared.contracts.topics import OMS_ORDERS
from shared.persistence.database import Transaction

SELECT_EARLY_MESSAGES = text(
    "SELECT order_id, event::text AS event FROM early_message WHERE order_id = ANY(CAST(:orders AS text[])) ORDER BY id"
)
DELETE_EARLY_MESSAGES = text("DELETE FROM early_message WHERE order_id = ANY(CAST(:orders AS text[]))")


async def insert_early_messages(tx: Transaction, events: Sequence[CloudEvent[Any]]) -> None:
    """Store messages until their order is placed; omitted fields stay omitted."""
    rows = [EarlyMessage(event.data.order, event.model_dump_json(exclude_unset=True)) for event in events]
    await EARLY_MESSAGES.insert_rows(tx, rows)


async def load_early_messages(tx: Transaction, order_ids: Collection[str]) -> dict[str, list[CloudEvent[Any]]]:
    """The early messages of orders, oldest first."""
    by_order: dict[str, list[CloudEvent[Any]]] = defaultdict(list)
    if order_ids:
        for row in await tx.fetch_all(SELECT_EARLY_MESSAGES, {"orders": sorted(order_ids)}):
            by_order[row.order_id].append(_to_event(row.event))
    return by_order


async def delete_early_messages(tx: Transaction, order_ids: Collection[str]) -> None:
    """Delete the early messages of orders that were placed."""
    if order_ids:
        await tx.execute(DELETE_EARLY_MESSAGES, {"orders": sorted(order_ids)})


def _to_event(stored: str) -> CloudEvent[Any]:
    fields = json.loads(stored)
    message = OMS_ORDERS.messages[fields["type"]]
    return CloudEvent[Any].model_validate(fields | {"data": message.model_validate(fields["data"])})
