"""Completes commands by what was scanned, before locks are acquired; without scans nothing is read."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import text

from services.fulfillment.orders.domain.carton_scans import (
    KnownCarton,
    carton_names,
    named_cartons,
    sscc_of,
    with_cartons,
)
from shared.contracts.envelope import CloudEvent
from shared.persistence.database import Transaction

Events = Sequence[CloudEvent[Any]]
# Uses the primary key of carton, and carton_sscc.
SELECT_KNOWN_CARTONS = text("""
    SELECT carton, sscc FROM carton
    WHERE carton = ANY(CAST(:cartons AS text[])) OR sscc = ANY(CAST(:ssccs AS text[]))
    ORDER BY sscc_assigned_at NULLS FIRST
""")


async def resolve_cartons(tx: Transaction, events: Events) -> Events:
    """Replace scanned carton labels by the numbers of their cartons."""
    texts = {carton for event in events for carton in named_cartons(event.data)}
    ssccs = {carton: sscc for carton in texts if (sscc := sscc_of(carton))}
    if not ssccs:
        return events
    parameters = {"cartons": sorted({*ssccs, *ssccs.values()}), "ssccs": sorted(set(ssccs.values()))}
    rows = await tx.fetch_all(SELECT_KNOWN_CARTONS, parameters)
    names = carton_names(ssccs, (KnownCarton(row.carton, row.sscc) for row in rows))
    return [event.model_copy(update={"data": with_cartons(event.data, names)}) for event in events]
