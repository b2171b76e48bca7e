"""Storage of messages that arrive before their order."""

import json
from collections import defaultdict
from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import text

from shared.contracts.envelope import CloudEvent
from shared.contracts.topics import OMS_ORDERS
from shared.persistence.database import Transaction

INSERT_EARLY_MESSAGES = text("""
    INSERT INTO early_message (order_id, event)
    SELECT order_id, event FROM unnest(CAST(:orders AS text[]), CAST(:events AS jsonb[]))
         WITH ORDINALITY AS n (order_id, event, position)
    ORDER BY position
""")
SELECT_EARLY_MESSAGES = text(
    "SELECT order_id, event FROM early_message WHERE order_id = ANY(CAST(:orders AS text[])) ORDER BY id"
)
DELETE_EARLY_MESSAGES = text("DELETE FROM early_message WHERE order_id = ANY(CAST(:orders AS text[]))")


async def store_early_messages(tx: Transaction, events: Sequence[CloudEvent[Any]]) -> None:
    """Store messages until their order is placed."""
    if events:
        payloads = [event.model_dump_json(exclude_unset=True) for event in events]  # omitted fields stay omitted
        await tx.execute(INSERT_EARLY_MESSAGES, {"orders": [event.data.order for event in events], "events": payloads})


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


def _to_event(stored: Any) -> CloudEvent[Any]:
    fields = json.loads(stored) if isinstance(stored, str) else stored
    message = OMS_ORDERS.messages[fields["type"]]
    return CloudEvent[Any].model_validate(fields | {"data": message.model_validate(fields["data"])})
