"""Handlers of recalls: opening, answers of the stock services, customer contacts, closing."""

import json
from collections.abc import Mapping, Sequence

from services.lots.balances import handlers as stock
from services.lots.balances import store as balances
from services.lots.balances.domain.ledger import MessageContext
from services.lots.expiry import handlers as expiry
from services.lots.recalls.domain.close import closing_violation
from services.lots.recalls.domain.holds import apply_open_recalls, hold_recalled_lots
from services.lots.recalls.domain.open import (
    RecallMatch,
    RecallSnapshot,
    opened_snapshot,
    recall_opened_events,
    resolve,
)
from services.lots.recalls.domain.query import RecallQuery
from services.lots.recalls.domain.tracking_changes import find_owner_changes, requery_new_owner
from services.lots.recalls.store import criteria, tracking_changes
from services.lots.recalls.store import recalls as store
from services.lots.recalls.store.matches import look_up
from shared.contracts.commands.lots import CloseRecall, OpenRecall, RecordCustomerContact
from shared.contracts.envelope import CloudEvent, Message
from shared.contracts.problems import Code, ProblemDetail
from shared.contracts.recalls import RecallClosed, RecallOpened
from shared.contracts.receiving import ReceiptLotsReceived
from shared.contracts.reference import ProductChanged
from shared.contracts.serials import SerialRecalled
from shared.identifiers import resource_path
from shared.inventory.reference_data import load_products
from shared.persistence.database import Transaction
from shared.unit_of_work import CommandResult


async def open_recalls(tx: Transaction, requests: Sequence[CloudEvent[OpenRecall]]) -> Sequence[CommandResult]:
    """Find the affected products and lots, and publish one event per product (S46)."""
    await criteria.lock_exclusive(tx)
    existing = set(await store.find_existing(tx, (request.data.recall for request in requests)))
    queries = [RecallQuery.from_command(request) for request in requests]
    lookup = await look_up(tx, queries)
    results: list[CommandResult] = []
    opened_recalls: list[tuple[RecallQuery, Mapping[str, RecallMatch]]] = []
    for index, query in enumerate(queries):
        recall = query.event.data.recall
        matches = resolve(query, lookup.products, lookup.serial_skus, lookup.matching_lots.get(index, ()))
        if recall in existing:
            results.append(_rejected(Code.DOCUMENT_EXISTS, f"Recall {recall} already exists", recall))
        elif isinstance(matches, ProblemDetail):
            results.append(CommandResult(violations=[matches]))
        else:
            existing.add(recall)
            opened_recalls.append((query, matches))
            emitted = recall_opened_events(query.event, matches, lookup.products)
            results.append(
                CommandResult(opened_snapshot(recall, matches), emitted, resource_path=resource_path("recalls", recall))
            )
    await store.insert_recalls(tx, opened_recalls, lookup.products)
    await criteria.store_criteria(tx, [query for query, _ in opened_recalls])
    return results


async def on_receipt_lots_received(
    tx: Transaction,
    events: Sequence[CloudEvent[ReceiptLotsReceived]],
    before_commit: stock.BeforeCommit = stock.save_only,
) -> Sequence[Message]:
    """Record receipts; lots that match an open recall are put on hold (S23, S26, S46)."""
    keys = {(event.data.sku, received_lot.lot) for event in events for received_lot in event.data.lots}
    emitted: Sequence[Message] = ()
    if matches := await criteria.match_incoming(tx, keys):
        uow = await balances.load(tx, ())
        await balances.load_lots(tx, uow, {(match.sku, match.lot) for match in matches})
        await balances.load_commitments(tx, uow, {(match.sku, match.lot) for match in matches})
        emitted = apply_open_recalls(uow, matches, MessageContext.from_event(events[0]))
        await balances.save(tx, uow)
    return [*emitted, *await stock.on_receipt_lots_received(tx, events, before_commit)]


async def on_recall_opened(tx: Transaction, events: Sequence[CloudEvent[RecallOpened]]) -> Sequence[Message]:
    """Hold the lots of a recall, received or not. The serials service holds serials."""
    binding_events = [event for event in events if not event.data.mock]
    uow = await balances.load(tx, ())
    keys = {(event.data.sku, lot) for event in binding_events for lot in event.data.lots}
    if keys:
        await balances.load_lots(tx, uow, keys)
        await balances.load_commitments(tx, uow, keys)
    emitted = hold_recalled_lots(uow, binding_events)
    await balances.save(tx, uow)
    await store.mark_answered(tx, (event.data for event in events), is_serial=False)
    return emitted


async def on_product_changed(tx: Transaction, events: Sequence[CloudEvent[ProductChanged]]) -> Sequence[Message]:
    """Store products; a changed tracking repeats open recalls for the service that now owns the stock (S46)."""
    skus = {event.data.sku for event in events}
    previous_tracking = {sku: product.tracking for sku, product in (await load_products(tx, skus)).items()}
    emitted = await expiry.on_product_changed(tx, events)
    current_products = await load_products(tx, skus)
    changes = find_owner_changes(
        previous_tracking, (event for event in events if event.data.version == current_products[event.data.sku].version)
    )
    if not changes:
        return emitted
    await criteria.lock_shared(tx)
    reissued = list(requery_new_owner(await tracking_changes.find_open_requests(tx, changes), changes))
    await tracking_changes.save_queries(tx, reissued)
    return [*emitted, *reissued]


async def on_serial_recalled(tx: Transaction, events: Sequence[CloudEvent[SerialRecalled]]) -> Sequence[Message]:
    """Store the affected units that the serials service reports, and its last message per product."""
    latest_units = {
        (event.data.recall, event.data.sku, unit.serial): unit for event in events for unit in event.data.units
    }
    if latest_units:
        rows = [
            unit.model_dump(mode="json") | {"recall": recall, "sku": sku, "order_id": unit.order, "on_hold": unit.held}
            for (recall, sku, _), unit in latest_units.items()
        ]
        await store.save_units(tx, json.dumps(rows))
    await store.mark_answered(tx, (event.data for event in events if event.data.is_last), is_serial=True)
    return ()


async def record_contacts(
    tx: Transaction, requests: Sequence[CloudEvent[RecordCustomerContact]]
) -> Sequence[CommandResult]:
    """Record the outcomes of customer contacts."""
    recall_ids = {request.data.recall for request in requests}
    closed_by_recall, contact_lines = (
        await store.find_existing(tx, recall_ids),
        await store.find_contact_lines(tx, (request.data for request in requests)),
    )
    results, accepted = [], []
    for request in requests:
        command = request.data
        if violation := _closed_violation(closed_by_recall, command.recall):
            results.append(violation)
        elif (command.recall, command.shipment, command.sku, command.lot_or_serial) not in contact_lines:
            detail = (
                f"{command.lot_or_serial} of {command.sku} was not shipped with {command.shipment}, or was returned"
            )
            results.append(
                _rejected(
                    Code.NOT_ON_CONTACT_LIST,
                    detail,
                    command.lot_or_serial,
                    resource_path("recalls", command.recall, "contacts"),
                )
            )
        else:
            accepted.append(request)
            results.append(CommandResult(RecallSnapshot(recall=command.recall, status="OPEN")))
    await store.insert_contacts(tx, accepted)
    return results


async def close_recalls(tx: Transaction, requests: Sequence[CloudEvent[CloseRecall]]) -> Sequence[CommandResult]:
    """Close recalls without open items."""
    await criteria.lock_exclusive(tx)
    recall_ids = {request.data.recall for request in requests}
    closed_by_recall, open_counts = (
        await store.find_existing(tx, recall_ids),
        await store.count_open_items(tx, recall_ids),
    )
    skus_by_recall = await store.find_recalled_skus(tx, recall_ids)
    results, accepted = [], []
    for request in requests:
        recall = request.data.recall
        if violation := _closed_violation(closed_by_recall, recall):
            results.append(violation)
        elif problem := closing_violation(recall, open_counts[recall]):
            results.append(CommandResult(violations=[problem]))
        else:
            closed_by_recall[recall] = True
            accepted.append(request)
            fields = {"actor": request.actor, "cause": request.cause, "recall": recall, "reason": request.data.reason}
            emitted = [RecallClosed(sku=sku, **fields) for sku in skus_by_recall[recall]]
            results.append(CommandResult(RecallSnapshot(recall=recall, status="CLOSED"), emitted))
    await store.mark_closed(tx, accepted)
    return results


def _closed_violation(closed_by_recall: Mapping[str, bool], recall: str) -> CommandResult | None:
    if recall not in closed_by_recall:
        return _rejected(Code.RECALL_NOT_FOUND, f"Recall {recall} not found", recall)
    if closed_by_recall[recall]:
        return _rejected(Code.RECALL_CLOSED, f"Recall {recall} is closed", recall, resource_path("recalls", recall))
    return None


def _rejected(code: Code, detail: str, identifier: str, *blocked_by: str) -> CommandResult:
    return CommandResult(
        violations=[ProblemDetail(code=code, detail=detail, ids=[identifier], blocked_by=list(blocked_by))]
    )
