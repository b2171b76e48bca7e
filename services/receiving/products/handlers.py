"""Handler of product definitions."""

from collections.abc import Sequence

from services.receiving.products import domain, store
from services.receiving.products.domain import ProductDefinitionResult, ProductOut
from services.receiving.products.store import ProductChange
from shared.contracts.envelope import CloudEvent
from shared.contracts.upstream import ProductDefined
from shared.identifiers import resource_path
from shared.persistence.database import Transaction
from shared.unit_of_work import CommandResult

DefinitionEvent = CloudEvent[ProductDefined]


async def define_products(tx: Transaction, events: Sequence[DefinitionEvent]) -> Sequence[CommandResult]:
    """Create or change products; each change gets a version, a log entry and an event (S01, S03)."""
    definitions = [event.data for event in events]
    skus = {definition.sku for definition in definitions}
    existing = await store.load_products(tx, skus)
    barcode_matches = await store.load_barcodes(
        tx, (barcode.code for definition in definitions for barcode in definition.barcodes)
    )
    owners = {code: match.sku for code, match in barcode_matches.items()}
    results = domain.define_products(existing, owners, await store.load_used_skus(tx, skus), definitions)
    changes = [(event, result) for event, result in zip(events, results, strict=True) if result.is_changed]
    if changes:
        changed_products = {result.after.sku: result.after for _, result in changes if result.after}
        log = [_to_change(tx, event, result) for event, result in changes]
        await store.save_products(tx, list(changed_products.values()), log)
    return [_to_command_result(event, result) for event, result in zip(events, results, strict=True)]


def _to_change(tx: Transaction, event: DefinitionEvent, result: ProductDefinitionResult) -> ProductChange:
    version = result.after.version if result.after else 0
    before, after = store.to_json(result.before), store.to_json(result.after) or ""
    return ProductChange(
        sku=event.data.sku, version=version, changed_at=tx.now, actor=event.actor, source=event.source,
        message=event.id, before=before, after=after,
    )  # fmt: skip


def _to_command_result(event: DefinitionEvent, result: ProductDefinitionResult) -> CommandResult:
    if result.violation or not result.after:
        return CommandResult(violations=[result.violation] if result.violation else ())
    message = result.after.to_event().model_copy(update={"actor": event.actor, "cause": event.cause})
    body = ProductOut.model_validate(message, from_attributes=True)
    command_result = CommandResult(body, [message] if result.is_changed else ())
    return command_result if result.before else command_result.created(resource_path("products", event.data.sku))
