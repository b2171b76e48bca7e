"""Handlers, policies and scheduled jobs of the lots service, with their lock keys and HTTP paths."""

from collections.abc import Iterator
from functools import partial
from typing import Any

from services.lots.allocation import api as allocation_api
from services.lots.allocation import store as allocation
from services.lots.allocation.domain.allocate import allocate_backorders, release_pool, release_product
from services.lots.allocation.domain.dispatch import check_dispatch, ship
from services.lots.allocation.domain.fulfillment_events import (
    cancel_demand,
    deallocate,
    open_demand,
    pick,
    unpick,
)
from services.lots.balances import api as balances_api
from services.lots.balances import store as balances
from services.lots.balances.domain.adjustments import adjust
from services.lots.balances.domain.balance_changes import publish_balances
from services.lots.balances.domain.counts import count
from services.lots.balances.domain.dates import correct_dates
from services.lots.balances.domain.holds import place_hold, release_hold
from services.lots.balances.domain.location_changes import apply_location_change
from services.lots.balances.domain.missing_stock import report_missing_stock
from services.lots.balances.domain.mixed_lots import report_mixed_lots
from services.lots.balances.domain.movements import move, put_away
from services.lots.balances.domain.receipts import receive
from services.lots.balances.domain.results import HoldSnapshot, LotCorrectionResult, LotCountResult, LotSnapshot
from services.lots.balances.domain.returns import dispose_return, receive_return
from services.lots.balances.domain.scans import judge_hold, judge_label, judge_stock
from services.lots.expiry import store as expiry
from services.lots.expiry.domain import LotExpiryCheckDue, check_expiry, reschedule_checks
from services.lots.lookup.api import router as lookup_router
from services.lots.recalls import store as recalls
from services.lots.recalls.api import router as recalls_router
from services.lots.recalls.domain.contacts import close_recall, record_contact
from services.lots.recalls.domain.holds import correct_number, hold_recalled_lots, hold_received_lots
from services.lots.recalls.domain.open import RecallSnapshot, open_recall
from services.lots.recalls.domain.tracking_changes import requery_recalls
from services.lots.recalls.domain.unit_of_work import RecallsUnitOfWork
from shared.auth.roles import Role
from shared.contracts.commands.lot_corrections import CorrectLotDates, CorrectLotNumber
from shared.contracts.commands.lots import (
    AdjustLot,
    CloseRecall,
    CountLot,
    MoveLot,
    OpenRecall,
    PlaceLotHold,
    PutAwayLot,
    ReallocateLotBackorders,
    RecordCustomerContact,
    ReleaseLotHold,
)
from shared.contracts.envelope import Message
from shared.contracts.fulfillment import (
    AllocationCancelled,
    AllocationRequested,
    DispatchCheckRequested,
    OrderDispatched,
    OrderLotsDeallocated,
    OrderLotsPicked,
    OrderLotsUnpicked,
)
from shared.contracts.recalls import RecallOpened
from shared.contracts.receiving import ReceiptLotsReceived, ReturnLotsDisposed, ReturnLotsReceived
from shared.contracts.reference import LocationChanged, ProductChanged
from shared.contracts.serials import SerialRecalled
from shared.inventory.scan_enricher import taking_scans
from shared.inventory.time_zone_changes import warehouse_handler
from shared.messaging.handlers import CommandHandler, EventHandler, Policy, ScheduledJob
from shared.persistence.database import Transaction
from shared.runtime import create_app


def sku_lock(data: Message) -> Iterator[str]:
    """Return the lock key of the SKU, which guards its lots, balances, holds and demands."""
    yield f"sku:{data.sku}"  # type: ignore[attr-defined]


def is_stocked_as_lots(data: AllocationRequested | AllocationCancelled | RecallOpened) -> bool:
    """Whether the product is lot-tracked or untracked; the serials service owns all others."""
    return data.tracking != "SERIAL"


def product_locks(data: ProductChanged) -> Iterator[str]:
    """Return the lock keys of the product and of its SKU, whose backorders a relaxed shelf-life policy may fill."""
    yield f"product:{data.sku}"
    yield from sku_lock(data)


def location_lock(data: LocationChanged) -> Iterator[str]:
    """Return the lock key of the location."""
    yield f"location:{data.location}"


def has_packed_lots(data: DispatchCheckRequested | OrderDispatched) -> bool:
    """Whether the cartons contain lot stock."""
    return bool(data.stock)


def packed_sku_locks(data: DispatchCheckRequested | OrderDispatched) -> Iterator[str]:
    """Return the lock keys of the SKUs of the lots in the cartons."""
    yield from {f"sku:{packed_lot.sku}" for packed_lot in data.stock}


def recall_lock(data: Any) -> Iterator[str]:
    """Return the lock key of the recall: its answers, contacts and closing are processed one after another."""
    yield f"recall:{data.recall}"


def recall_and_sku_locks(data: RecallOpened) -> Iterator[str]:
    """Return the lock keys of the recall and its SKU."""
    yield from recall_lock(data)
    yield from sku_lock(data)


taking = partial(taking_scans, is_whole=True)
"""Lets a command take raw scans: it moves one quantity of one lot, so that nothing is done if one scan is wrong."""


async def save(tx: Transaction, uow: RecallsUnitOfWork) -> None:
    """Save stock and recalls."""
    await balances.save(tx, uow)
    await recalls.save(tx, uow)


HANDLERS = (
    EventHandler(ProductChanged, reschedule_checks, product_locks, load=recalls.load_product_changes),
    EventHandler(ProductChanged, release_product, product_locks, load=recalls.load_product_changes),
    EventHandler(ProductChanged, requery_recalls, product_locks, load=recalls.load_product_changes),
    warehouse_handler(allocation.find_backorder_pools_in, ReallocateLotBackorders),
    EventHandler(ReallocateLotBackorders, release_pool, sku_lock, load=allocation.load_reallocations),
    EventHandler(LocationChanged, apply_location_change, location_lock, load=balances.load_location_changes),
    EventHandler(ReceiptLotsReceived, hold_received_lots, sku_lock, load=recalls.load_receipts),
    EventHandler(ReceiptLotsReceived, receive, sku_lock, load=recalls.load_receipts),
    EventHandler(ReturnLotsReceived, receive_return, sku_lock, load=balances.load_returns),
    EventHandler(ReturnLotsDisposed, dispose_return, sku_lock, load=balances.load_dispositions),
    EventHandler(AllocationRequested, open_demand, sku_lock, is_stocked_as_lots, allocation.load_requests),
    EventHandler(AllocationCancelled, cancel_demand, sku_lock, is_stocked_as_lots, allocation.load_cancellations),
    EventHandler(OrderLotsDeallocated, deallocate, sku_lock, load=allocation.load_deallocations),
    EventHandler(OrderLotsPicked, pick, sku_lock, load=allocation.load_picks),
    EventHandler(OrderLotsUnpicked, unpick, sku_lock, load=allocation.load_unpicks),
    EventHandler(
        DispatchCheckRequested, check_dispatch, packed_sku_locks, has_packed_lots, allocation.load_dispatch_checks
    ),
    EventHandler(OrderDispatched, ship, packed_sku_locks, has_packed_lots, allocation.load_dispatches),
    CommandHandler(
        PutAwayLot, taking(put_away, judge_stock), sku_lock, "/putaways", LotSnapshot, "putAwayLot",
        "Put away a quantity of a lot", enrich=balances.read_scans, load=balances.load_moves,
    ),
    CommandHandler(
        MoveLot, taking(move, judge_stock), sku_lock, "/moves", LotSnapshot, "moveLot",
        "Move a quantity of a lot to another location", enrich=balances.read_scans, load=balances.load_moves,
    ),
    CommandHandler(
        PlaceLotHold, taking(place_hold, judge_hold), sku_lock, "/holds", HoldSnapshot, "placeHold",
        "Place a hold on a lot", success_status=201, enrich=balances.read_scans,
        load=balances.load_hold_placements,
    ),
    CommandHandler(
        ReleaseLotHold, release_hold, sku_lock, "/holds/{hold}/release", HoldSnapshot, "releaseHold",
        "Release a hold", load=balances.load_hold_releases, role=Role.SUPERVISOR,
    ),
    CommandHandler(
        AdjustLot, taking(adjust, judge_stock), sku_lock, "/adjustments", LotSnapshot, "adjustLot",
        "Record a scrapped, lost or found quantity of a lot", enrich=balances.read_scans,
        load=balances.load_adjustments, role=Role.SUPERVISOR,
    ),
    CommandHandler(
        CountLot, taking(count, judge_stock), sku_lock, "/counts", LotCountResult, "countLot",
        "Record the count of a lot at a location", enrich=balances.read_scans, load=balances.load_counts,
    ),
    CommandHandler(
        CorrectLotDates, taking(correct_dates, judge_label), sku_lock, "/corrections", LotSnapshot,
        "correctLotDates", "Correct the dates of a lot", enrich=balances.read_scans,
        load=balances.load_date_corrections, role=Role.SUPERVISOR,
    ),
    CommandHandler(
        CorrectLotNumber, taking(correct_number, judge_label), sku_lock, "/lot-corrections",
        LotCorrectionResult, "correctLotNumber", "Correct the lot number of goods",
        enrich=balances.read_scans, load=recalls.load_lot_corrections, role=Role.SUPERVISOR,
    ),
    CommandHandler(
        OpenRecall, taking(open_recall), recall_lock, "/recalls", RecallSnapshot, "openRecall", "Open a recall",
        success_status=202, enrich=balances.read_scans, load=recalls.load_openings, role=Role.SUPERVISOR,
    ),
    EventHandler(
        RecallOpened, hold_recalled_lots, recall_and_sku_locks, is_stocked_as_lots, recalls.load_recalled_lots
    ),
    EventHandler(SerialRecalled, None, recall_lock, load=recalls.save_answers),
    CommandHandler(
        RecordCustomerContact, record_contact, recall_lock, "/recalls/{recall}/contacts", RecallSnapshot,
        "recordRecallContact", "Record the outcome of a customer contact", load=recalls.load_contact_lines,
    ),
    CommandHandler(
        CloseRecall, close_recall, recall_lock, "/recalls/{recall}/close", RecallSnapshot, "closeRecall",
        "Close a recall", load=recalls.load_closings, role=Role.SUPERVISOR,
    ),
)  # fmt: skip

POLICIES = (
    Policy(report_missing_stock, balances.load_missing_stock, reads_saved_changes=False),
    Policy(report_mixed_lots, balances.load_arrivals, reads_saved_changes=False),
    Policy(allocate_backorders, allocation.load_backorders, reads_saved_changes=False),
    Policy(publish_balances, balances.load_stock_under_changed_holds, reads_saved_changes=False),
)
"""Whatever changed the stock: missing stock and mixed lots are reported, released stock goes to open demands.

Then the changed balances are published.
"""

JOBS = (ScheduledJob(LotExpiryCheckDue, expiry.find_due, check_expiry, sku_lock, expiry.load_due_lots),)

app = create_app(
    "lots", HANDLERS, RecallsUnitOfWork, (balances_api.router, allocation_api.router, lookup_router, recalls_router),
    save=save, policies=POLICIES, jobs=JOBS,
)  # fmt: skip
