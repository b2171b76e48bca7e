"""Messages that overtook the order they are about: kept until it comes."""

import json
from collections import defaultdict
from collections.abc import Collection, Sequence
from typing import Any

from sqlalchemy import text

from shared.contracts.envelope import CloudEvent
from shared.contracts.topics import OMS_ORDERS
from shared.database import Transaction

REMEMBER = text("""
    INSERT INTO overtaking (order_id, event)
    SELECT order_id, event FROM unnest(CAST(:orders AS text[]), CAST(:events AS jsonb[]))
         WITH ORDINALITY AS n (order_id, event, place)
    ORDER BY place
""")
FIND = text("SELECT order_id, event FROM overtaking WHERE order_id = ANY(CAST(:orders AS text[])) ORDER BY id")
FORGET = text("DELETE FROM overtaking WHERE order_id = ANY(CAST(:orders AS text[]))")


async def remember(tx: Transaction, events: Sequence[CloudEvent[Any]]) -> None:
    """Keep messages until their order comes."""
    if events:
        kept = [event.model_dump_json(exclude_unset=True) for event in events]  # what is left out stays so
        await tx.run(REMEMBER, {"orders": [event.data.order for event in events], "events": kept})


async def overtaken(tx: Transaction, orders: Collection[str]) -> dict[str, list[CloudEvent[Any]]]:
    """What overtook these orders, oldest first."""
    found: dict[str, list[CloudEvent[Any]]] = defaultdict(list)
    if orders:
        for row in await tx.rows(FIND, {"orders": sorted(orders)}):
            found[row.order_id].append(_event(row.event))
    return found


async def forget(tx: Transaction, orders: Collection[str]) -> None:
    """These orders have come."""
    if orders:
        await tx.run(FORGET, {"orders": sorted(orders)})


def _event(kept: Any) -> CloudEvent[Any]:
    said = json.loads(kept) if isinstance(kept, str) else kept
    message = OMS_ORDERS.messages[said["type"]]
    return CloudEvent[Any].model_validate(said | {"data": message.model_validate(said["data"])})
