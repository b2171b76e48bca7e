"""Handlers and scheduled jobs of the lots service, with their locks and HTTP paths."""

from collections.abc import Iterator
from functools import partial
from typing import Any

from services.lots.allocation import api
from services.lots.allocation import handlers as allocation
from services.lots.allocation.handlers import allocate_backorders
from services.lots.balances import api as balances_api
from services.lots.balances import handlers as balances
from services.lots.balances.domain.results import HoldSnapshot, LotSnapshot
from services.lots.expiry import handlers as expiry
from services.lots.expiry.domain import LotExpiryCheckDue
from services.lots.expiry.store import find_due
from services.lots.lookup.api import router as lookup_router
from services.lots.recalls import handlers as recalls
from services.lots.recalls.api import router as recalls_router
from services.lots.recalls.domain.open import RecallSnapshot
from shared.contracts.commands.lots import (
    AdjustLot,
    CloseRecall,
    CorrectLotDates,
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
from shared.contracts.lots import LotRejected
from shared.contracts.recalls import RecallOpened
from shared.contracts.receiving import ReceiptLotsReceived, ReturnLotsDisposed, ReturnLotsReceived
from shared.contracts.reference import LocationChanged, ProductChanged
from shared.contracts.serials import SerialRecalled
from shared.inventory.reference_data import WAREHOUSE_HANDLER
from shared.messaging.handlers import CommandHandler, EventHandler, ScheduledJob
from shared.runtime import create_app


def sku_lock(data: Message) -> Iterator[str]:
    """Lock the SKU: one lock guards its lots, balances, holds and demands."""
    yield f"sku:{data.sku}"  # type: ignore[attr-defined]


def is_lot_tracked(data: AllocationRequested | AllocationCancelled | RecallOpened) -> bool:
    """Whether the product belongs to this service; serial-tracked products belong to the serials service."""
    return data.tracking != "SERIAL"


def product_locks(data: ProductChanged) -> Iterator[str]:
    """Lock the product and its SKU, whose backorders a relaxed shelf-life policy may fill."""
    yield f"product:{data.sku}"
    yield from sku_lock(data)


def location_lock(data: LocationChanged) -> Iterator[str]:
    """Lock the location."""
    yield f"location:{data.location}"


def has_packed_lots(data: DispatchCheckRequested | OrderDispatched) -> bool:
    """Whether the cartons contain lot stock."""
    return bool(data.stock)


def packed_sku_locks(data: DispatchCheckRequested | OrderDispatched) -> Iterator[str]:
    """Lock the SKUs of the lots in the cartons."""
    yield from {f"sku:{packed_lot.sku}" for packed_lot in data.stock}


def recall_lock(data: Any) -> Iterator[str]:
    """Lock the recall: its answers, contacts and closing are processed one after another."""
    yield f"recall:{data.recall}"


def recall_and_sku_locks(data: RecallOpened) -> Iterator[str]:
    """Lock the recall and its SKU."""
    yield from recall_lock(data)
    yield from sku_lock(data)


HANDLERS = (
    EventHandler(ProductChanged, recalls.on_product_changed, product_locks),
    WAREHOUSE_HANDLER._replace(callback=allocation.on_warehouse_changed),
    EventHandler(ReallocateLotBackorders, allocation.reallocate_backorders, sku_lock),
    EventHandler(
        LocationChanged, partial(balances.on_location_changed, before_commit=allocate_backorders), location_lock,
    ),
    EventHandler(
        ReceiptLotsReceived, partial(recalls.on_receipt_lots_received, before_commit=allocate_backorders), sku_lock,
    ),
    EventHandler(
        ReturnLotsReceived, partial(balances.on_return_lots_received, before_commit=allocate_backorders), sku_lock,
    ),
    EventHandler(
        ReturnLotsDisposed, partial(balances.on_return_lots_disposed, before_commit=allocate_backorders), sku_lock,
    ),
    EventHandler(AllocationRequested, allocation.on_allocation_requested, sku_lock, is_lot_tracked),
    EventHandler(AllocationCancelled, allocation.on_allocation_cancelled, sku_lock, is_lot_tracked),
    EventHandler(OrderLotsDeallocated, allocation.on_order_lots_deallocated, sku_lock),
    EventHandler(OrderLotsPicked, allocation.on_order_lots_picked, sku_lock),
    EventHandler(OrderLotsUnpicked, allocation.on_order_lots_unpicked, sku_lock),
    EventHandler(DispatchCheckRequested, allocation.on_dispatch_check_requested, packed_sku_locks, has_packed_lots),
    EventHandler(OrderDispatched, allocation.on_order_dispatched, packed_sku_locks, has_packed_lots),
    CommandHandler(
        PutAwayLot, partial(balances.put_away, before_commit=allocate_backorders), sku_lock, "/putaways", LotSnapshot,
        "putAwayLot", "Put away a quantity of a lot",
    ),
    CommandHandler(
        MoveLot, partial(balances.move, before_commit=allocate_backorders), sku_lock, "/moves", LotSnapshot,
        "moveLot", "Move a quantity of a lot to another location",
    ),
    CommandHandler(
        PlaceLotHold, partial(balances.place_holds, before_commit=allocate_backorders), sku_lock, "/holds",
        HoldSnapshot, "placeHold", "Place a hold on a lot", success_status=201,
    ),
    CommandHandler(
        ReleaseLotHold, partial(balances.release_holds, before_commit=allocate_backorders), sku_lock,
        "/holds/{hold}/release", HoldSnapshot, "releaseHold", "Release a hold",
    ),
    CommandHandler(
        AdjustLot, partial(balances.adjust, before_commit=allocate_backorders), sku_lock, "/adjustments", LotSnapshot,
        "adjustLot", "Record a scrapped, lost or found quantity of a lot",
    ),
    CommandHandler(
        CountLot, partial(balances.count, before_commit=allocate_backorders), sku_lock, "/counts", LotSnapshot,
        "countLot", "Record the count of a lot at a location",
    ),
    CommandHandler(
        CorrectLotDates, partial(balances.correct_dates, before_commit=allocate_backorders), sku_lock, "/corrections",
        LotSnapshot, "correctLotDates", "Correct the dates of a lot",
    ),
    CommandHandler(
        OpenRecall, recalls.open_recalls, recall_lock, "/recalls", RecallSnapshot, "openRecall", "Open a recall",
        success_status=202,
    ),
    EventHandler(RecallOpened, recalls.on_recall_opened, recall_and_sku_locks, is_lot_tracked),
    EventHandler(SerialRecalled, recalls.on_serial_recalled, recall_lock),
    CommandHandler(
        RecordCustomerContact, recalls.record_contacts, recall_lock, "/recalls/{recall}/contacts", RecallSnapshot,
        "recordRecallContact", "Record the outcome of a customer contact",
    ),
    CommandHandler(
        CloseRecall, recalls.close_recalls, recall_lock, "/recalls/{recall}/close", RecallSnapshot,
        "closeRecall", "Close a recall",
    ),
)  # fmt: skip

JOBS = (ScheduledJob(LotExpiryCheckDue, find_due, expiry.check_expiry, sku_lock),)

app = create_app(
    "lots", HANDLERS, LotRejected, (balances_api.router, api.router, lookup_router, recalls_router), jobs=JOBS
)
