"""Definitions of products, from the ERP or from people."""

from collections.abc import Sequence

from services.receiving.products import domain, store
from services.receiving.products.domain import Defined, ProductOut
from services.receiving.products.store import Change
from shared.contracts.envelope import CloudEvent
from shared.contracts.upstream import ProductDefined
from shared.database import Transaction
from shared.identifiers import address_of
from shared.routing import Answer

Event = CloudEvent[ProductDefined]


async def define(tx: Transaction, events: Sequence[Event]) -> Sequence[Answer]:
    """Define products or change them; each real change gets a version, is logged and told (S01, S03)."""
    wanted = [event.data for event in events]
    skus = {wish.sku for wish in wanted}
    known = await store.products(tx, skus)
    coded = await store.barcodes(tx, (barcode.code for wish in wanted for barcode in wish.barcodes))
    owners = {code: one.sku for code, one in coded.items()}
    outcomes = domain.define(known, owners, await store.used(tx, skus), wanted)
    changes = [(event, outcome) for event, outcome in zip(events, outcomes, strict=True) if outcome.changed]
    if changes:
        after = {outcome.after.sku: outcome.after for _, outcome in changes if outcome.after}
        log = [_change(tx, event, outcome) for event, outcome in changes]
        await store.save(tx, list(after.values()), log)
    return [_answer(event, outcome) for event, outcome in zip(events, outcomes, strict=True)]


def _change(tx: Transaction, event: Event, outcome: Defined) -> Change:
    version = outcome.after.version if outcome.after else 0
    before, after = store.told(outcome.before), store.told(outcome.after) or ""
    return Change(
        sku=event.data.sku, version=version, at=tx.now, actor=event.actor, source=event.source, message=event.id,
        before=before, after=after,
    )  # fmt: skip


def _answer(event: Event, outcome: Defined) -> Answer:
    if outcome.refusal or not outcome.after:
        return Answer(refusals=[outcome.refusal] if outcome.refusal else ())
    said = outcome.after.said().model_copy(update={"actor": event.actor, "cause": event.cause})
    body = ProductOut.model_validate(said, from_attributes=True)
    answer = Answer(body, [said] if outcome.changed else ())
    return answer if outcome.before else answer.created(address_of("products", event.data.sku))
