"""Recalls: opened and resolved, answered by the owners of the stock, called, closed."""

import json
from collections.abc import Mapping, Sequence

from services.lots.balances import handlers as stock
from services.lots.balances import store as balances
from services.lots.balances.domain.stock import Told
from services.lots.expiry import handlers as expiry
from services.lots.recalls.domain.answers import RecallNow, opened
from services.lots.recalls.domain.closing import why_not_closed
from services.lots.recalls.domain.holding import hold, hold_arriving
from services.lots.recalls.domain.opening import Asked, Touched, resolve, said
from services.lots.recalls.domain.switching import asked_again, switched
from services.lots.recalls.store import recalls as store
from services.lots.recalls.store import sought, switching
from shared.contracts.commands.lots import CloseRecall, MarkRecalled, OpenRecall
from shared.contracts.envelope import CloudEvent, Fact
from shared.contracts.lots import RecallClosed, RecallOpened
from shared.contracts.problems import Code, Refusal
from shared.contracts.receiving import StockReceived
from shared.contracts.reference import ProductChanged
from shared.contracts.serials import SerialRecalled
from shared.database import Transaction
from shared.identifiers import address_of
from shared.replica import products
from shared.routing import Answer


async def open_recalls(tx: Transaction, requests: Sequence[CloudEvent[OpenRecall]]) -> Sequence[Answer]:
    """Find the products and lots that are touched, and tell their owners (S46)."""
    await sought.alone(tx)
    standing = set(await store.standing(tx, (request.data.recall for request in requests)))
    asked = [Asked.by(request) for request in requests]
    known = await store.known(tx, asked)
    answers: list[Answer] = []
    new: list[tuple[Asked, Mapping[str, Touched]]] = []
    for place, it in enumerate(asked):
        recall = it.event.data.recall
        touched = resolve(it, known.products, known.serialised, known.matching.get(place, ()))
        if recall in standing:
            answers.append(_refused(Code.DOCUMENT_EXISTS, f"recall {recall} is open or was", recall))
        elif isinstance(touched, Refusal):
            answers.append(Answer(refusals=[touched]))
        else:
            standing.add(recall)
            new.append((it, touched))
            facts = said(it.event, touched, known.products)
            answers.append(Answer(opened(recall, touched), facts, address=address_of("recalls", recall)))
    await store.add(tx, new, known.products)
    await sought.keep(tx, [asked for asked, _ in new])
    return answers


async def stock_received(
    tx: Transaction, events: Sequence[CloudEvent[StockReceived]], keep: stock.Keep = stock.saved
) -> Sequence[Fact]:
    """Take in what a receipt brought; what a recall looks for is held as it comes (S23, S26, S46)."""
    keys = {(event.data.sku, came.lot) for event in events for came in event.data.lots}
    held: Sequence[Fact] = ()
    if found := await sought.seek(tx, keys):
        book = await balances.load(tx, ())
        await balances.load_lots(tx, book, {(it.sku, it.lot) for it in found})
        await balances.load_had(tx, book, {(it.sku, it.lot) for it in found})
        held = hold_arriving(book, found, Told.by(events[0]))
        await balances.save(tx, book)
    return [*held, *await stock.stock_received(tx, events, keep)]


async def hold_recalled(tx: Transaction, events: Sequence[CloudEvent[RecallOpened]]) -> Sequence[Fact]:
    """Hold the lots that a recall touches, known or not; the registry does so for its serials."""
    held = [event for event in events if not event.data.mock]
    book = await balances.load(tx, ())
    keys = {(event.data.sku, lot) for event in held for lot in event.data.lots}
    if keys:
        await balances.load_lots(tx, book, keys)
        await balances.load_had(tx, book, keys)
    facts = hold(book, held)
    await balances.save(tx, book)
    await store.answered(tx, (event.data for event in events), serialised=False)
    return facts


async def product_changed(tx: Transaction, events: Sequence[CloudEvent[ProductChanged]]) -> Sequence[Fact]:
    """Take products in; of those whose tracking changes open recalls ask the new owner (S46)."""
    skus = {event.data.sku for event in events}
    before = {sku: product.tracking for sku, product in (await products(tx, skus)).items()}
    facts = await expiry.product_changed(tx, events)
    now = await products(tx, skus)
    changes = switched(before, (event for event in events if event.data.version == now[event.data.sku].version))
    if not changes:
        return facts
    await sought.together(tx)
    again = list(asked_again(await switching.standing(tx, changes), changes))
    await switching.ask(tx, again)
    return [*facts, *again]


async def hear_units(tx: Transaction, events: Sequence[CloudEvent[SerialRecalled]]) -> Sequence[Fact]:
    """Take in what the registry tells of touched units, and that it has told all of a product."""
    latest = {
        (event.data.recall, event.data.sku, unit.serial): unit.model_dump(mode="json")
        for event in events
        for unit in event.data.units
    }
    if latest:
        rows = [
            unit | {"recall": recall, "sku": sku, "order_id": unit["order"]}
            for (recall, sku, _), unit in latest.items()
        ]
        await store.save_units(tx, json.dumps(rows))
    await store.answered(tx, (event.data for event in events if event.data.last), serialised=True)
    return ()


async def mark_calls(tx: Transaction, requests: Sequence[CloudEvent[MarkRecalled]]) -> Sequence[Answer]:
    """Note what has become of lines of call lists."""
    names = {request.data.recall for request in requests}
    standing, lines = await store.standing(tx, names), await store.called(tx, (it.data for it in requests))
    answers, fit = [], []
    for request in requests:
        mark = request.data
        if no := _why_not_standing(standing, mark.recall):
            answers.append(no)
        elif (mark.recall, mark.shipment, mark.sku, mark.item) not in lines:
            told = f"{mark.item} of {mark.sku} did not leave with {mark.shipment}, or is back"
            answers.append(
                _refused(Code.NOT_ON_CALL_LIST, told, mark.item, address_of("recalls", mark.recall, "calls"))
            )
        else:
            fit.append(request)
            answers.append(Answer(RecallNow(recall=mark.recall, status="OPEN")))
    await store.mark(tx, fit)
    return answers


async def close_recalls(tx: Transaction, requests: Sequence[CloudEvent[CloseRecall]]) -> Sequence[Answer]:
    """End recalls of which nothing is open."""
    await sought.alone(tx)
    names = {request.data.recall for request in requests}
    standing, still = await store.standing(tx, names), await store.still_open(tx, names)
    products = await store.products_of(tx, names)
    answers, fit = [], []
    for request in requests:
        recall = request.data.recall
        if no := _why_not_standing(standing, recall):
            answers.append(no)
        elif why := why_not_closed(recall, still[recall]):
            answers.append(Answer(refusals=[why]))
        else:
            standing[recall] = True
            fit.append(request)
            told = {"actor": request.actor, "cause": request.cause, "recall": recall, "reason": request.data.reason}
            facts = [RecallClosed(sku=sku, **told) for sku in products[recall]]
            answers.append(Answer(RecallNow(recall=recall, status="CLOSED"), facts))
    await store.close(tx, fit)
    return answers


def _why_not_standing(standing: Mapping[str, bool], recall: str) -> Answer | None:
    if recall not in standing:
        return _refused(Code.UNKNOWN_RECALL, f"there is no recall {recall}", recall)
    if standing[recall]:
        return _refused(Code.RECALL_CLOSED, f"recall {recall} is closed", recall, address_of("recalls", recall))
    return None


def _refused(code: Code, detail: str, name: str, *blocks: str) -> Answer:
    return Answer(refusals=[Refusal(code=code, detail=detail, ids=[name], blocked_by=list(blocks))])
