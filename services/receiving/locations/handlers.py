"""Definitions of warehouses and locations, from the ERP or from people."""

from collections.abc import Sequence
from functools import cache
from zoneinfo import available_timezones

from services.receiving.locations import domain, store
from services.receiving.locations.domain import Defined, LocationOut, Warehouse, WarehouseOut
from services.receiving.locations.store import Change
from shared.contracts.envelope import CloudEvent
from shared.contracts.upstream import LocationDefined, WarehouseDefined
from shared.database import Transaction
from shared.identifiers import address_of
from shared.routing import Answer

Event = CloudEvent[WarehouseDefined] | CloudEvent[LocationDefined]


async def define(tx: Transaction, events: Sequence[Event]) -> Sequence[Answer]:
    """Define places or change them; each real change gets a version, is logged and told."""
    wanted = [event.data for event in events]
    known: dict[str, domain.Place] = {
        **await store.warehouses(tx, (wish.key() for wish in wanted if isinstance(wish, WarehouseDefined))),
        **await store.locations(tx, (wish.key() for wish in wanted if isinstance(wish, LocationDefined))),
    }
    outcomes = domain.define(known, _zones(), wanted)
    changes = [(event, outcome) for event, outcome in zip(events, outcomes, strict=True) if outcome.changed]
    if changes:
        after = {outcome.after.key: outcome.after for _, outcome in changes if outcome.after}
        log = [_change(tx, event, outcome) for event, outcome in changes]
        await store.save(tx, list(after.values()), log)
    return [_answer(event, outcome) for event, outcome in zip(events, outcomes, strict=True)]


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())


def _change(tx: Transaction, event: Event, outcome: Defined) -> Change:
    version = outcome.after.version if outcome.after else 0
    before, after = store.told(outcome.before), store.told(outcome.after) or ""
    return Change(
        place=event.data.key(), version=version, at=tx.now, actor=event.actor, source=event.source, message=event.id,
        before=before, after=after,
    )  # fmt: skip


def _answer(event: Event, outcome: Defined) -> Answer:
    if outcome.refusal or not outcome.after:
        return Answer(refusals=[outcome.refusal] if outcome.refusal else ())
    said = outcome.after.said().model_copy(update={"actor": event.actor, "cause": event.cause})
    shown = WarehouseOut if isinstance(outcome.after, Warehouse) else LocationOut
    answer = Answer(shown.model_validate(outcome.after._asdict()), [said] if outcome.changed else ())
    kind = "warehouses" if isinstance(outcome.after, Warehouse) else "locations"
    return answer if outcome.before else answer.created(address_of(kind, *event.data.key().split("/")))
