"""Demands for counted products: opened and answered, withdrawn. What is serialised is the registry's."""

from collections.abc import Sequence

from services.lots.allocation import store
from services.lots.allocation.domain import opened
from shared.contracts.envelope import CloudEvent, Fact
from shared.contracts.fulfillment import AllocationRequested, AllocationWithdrawn
from shared.database import Transaction


async def allocation_requested(tx: Transaction, events: Sequence[CloudEvent[AllocationRequested]]) -> Sequence[Fact]:
    """Open demands and say that all of it is short."""
    known = await store.known(tx, [event.data.demand for event in events])
    new = opened(known, events)
    await store.insert(tx, new)
    return [it.answer for it in new]


async def allocation_withdrawn(tx: Transaction, events: Sequence[CloudEvent[AllocationWithdrawn]]) -> Sequence[Fact]:
    """Close demands."""
    await store.withdraw(tx, [event.data for event in events])
    return ()
