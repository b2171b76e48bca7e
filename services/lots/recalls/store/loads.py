"""Loads what the messages about recalls require."""

from collections.abc import Sequence

from services.lots.allocation import store as allocation
from services.lots.balances import store as balances
from services.lots.balances.domain.dates import LotDates
from services.lots.balances.domain.records import LotKey
from services.lots.balances.domain.right_lots import right_dates
from services.lots.recalls.domain.contacts import contact_line
from services.lots.recalls.domain.query import RecallQuery
from services.lots.recalls.domain.unit_of_work import RecallsUnitOfWork
from services.lots.recalls.store import criteria, recalls
from services.lots.recalls.store.matches import look_up
from shared.contracts.commands.lot_corrections import CorrectLotNumber
from shared.contracts.commands.lots import CloseRecall, OpenRecall, RecordCustomerContact
from shared.contracts.envelope import CloudEvent
from shared.contracts.recalls import RecallOpened
from shared.contracts.receiving import ReceiptLotsReceived
from shared.contracts.reference import ProductChanged
from shared.contracts.serials import SerialRecalled
from shared.persistence.database import Transaction


async def load_openings(tx: Transaction, uow: RecallsUnitOfWork, events: Sequence[CloudEvent[OpenRecall]]) -> None:
    """Load the recalls that exist already, and what the commands may match."""
    await criteria.lock_exclusive(tx)
    await recalls.load_recalls_and_dry_runs(tx, uow, (event.data.recall for event in events))
    lookups = await look_up(tx, [RecallQuery.from_command(event.data) for event in events])
    uow.lookups |= {event.cause: lookup for event, lookup in zip(events, lookups, strict=True)}


async def load_receipts(
    tx: Transaction, uow: RecallsUnitOfWork, events: Sequence[CloudEvent[ReceiptLotsReceived]]
) -> None:
    """Load received lots, and the recalls that match them (S23, S26, S46)."""
    received = {
        ((event.data.sku, lot.lot), LotDates(lot.expiry, lot.manufactured_on, lot.best_before))
        for event in events for lot in event.data.lots
    }  # fmt: skip
    matches = await criteria.match_incoming(tx, received)
    await balances.load_receipts(tx, uow, events)
    for match in matches:
        uow.matches_by_lot.setdefault((match.sku, match.lot), []).append(match)
    if matches:
        await balances.load_commitments(tx, uow, uow.matches_by_lot)


async def load_lot_corrections(
    tx: Transaction, uow: RecallsUnitOfWork, events: Sequence[CloudEvent[CorrectLotNumber]]
) -> None:
    """Load both lots of each correction, and the recalls that match the right one."""
    await balances.load_lot_corrections(tx, uow, events)
    renamed: set[tuple[LotKey, LotDates]] = set()
    for event in events:
        command = event.data
        if source := uow.lots.get((command.sku, uow.stored_lot(command.sku, command.from_lot))):
            right_lot = command.sku, uow.stored_lot(command.sku, command.lot)
            renamed.add((right_lot, right_dates(uow, source, command)))
    for match in await criteria.match_incoming(tx, renamed):
        uow.matches_by_lot.setdefault((match.sku, match.lot), []).append(match)


async def load_recalled_lots(
    tx: Transaction, uow: RecallsUnitOfWork, events: Sequence[CloudEvent[RecallOpened]]
) -> None:
    """Load the lots to hold, and mark the products as answered. The serials service holds serials."""
    if keys := {(event.data.sku, lot) for event in events if not event.data.mock for lot in event.data.lots}:
        await balances.load_lots(tx, uow, keys)
        await balances.load_commitments(tx, uow, keys)
    await recalls.mark_answered(tx, (event.data for event in events), is_serial=False)


async def load_product_changes(
    tx: Transaction, uow: RecallsUnitOfWork, events: Sequence[CloudEvent[ProductChanged]]
) -> None:
    """Save products, and load what they were before, the stock to reallocate, and the recalls for a new owner."""
    await balances.load_product_changes(tx, uow, events)
    await allocation.load_released_products(tx, uow, events)
    uow.skus_with_new_owner = {
        event.data.sku
        for event in events
        if event.data.version == uow.product_versions[event.data.sku]
        and (event.data.tracking == "SERIAL") != (uow.previous_tracking.get(event.data.sku) == "SERIAL")
    }
    if uow.skus_with_new_owner:
        await criteria.lock_shared(tx)
        uow.open_requests = await recalls.find_open_requests(tx, uow.skus_with_new_owner)


async def save_answers(tx: Transaction, _: RecallsUnitOfWork, events: Sequence[CloudEvent[SerialRecalled]]) -> None:
    """Save the affected units that the serials service reports, and its last message per product."""
    await recalls.save_units(tx, (event.data for event in events))
    await recalls.mark_answered(tx, (event.data for event in events if event.data.is_last), is_serial=True)


async def load_contact_lines(
    tx: Transaction, uow: RecallsUnitOfWork, events: Sequence[CloudEvent[RecordCustomerContact]]
) -> None:
    """Load recalls and the requested lines of their contact lists."""
    await recalls.load_recalls(tx, uow, (event.data.recall for event in events))
    uow.contact_lines |= await recalls.find_contact_lines(tx, (contact_line(event.data) for event in events))


async def load_closings(tx: Transaction, uow: RecallsUnitOfWork, events: Sequence[CloudEvent[CloseRecall]]) -> None:
    """Load recalls with their products and the numbers of open items."""
    await criteria.lock_exclusive(tx)
    recall_ids = {event.data.recall for event in events}
    await recalls.load_recalls(tx, uow, recall_ids)
    uow.open_items |= await recalls.count_open_items(tx, recall_ids)
    uow.skus_by_recall |= await recalls.find_recalled_skus(tx, recall_ids)
