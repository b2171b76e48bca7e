"""Serials service: message types with their handlers, lock keys and HTTP paths."""

from collections.abc import Iterator

from services.serials.allocation import api as allocation_api
from services.serials.allocation import handlers as allocation
from services.serials.lookup.api import router as lookup_router
from services.serials.units import api as units_api
from services.serials.units import handlers as units
from services.serials.units.domain.expiry import SerialExpiryCheckDue
from services.serials.units.domain.results import UnitsResult
from services.serials.units.store.expiry import find_due
from shared.contracts.commands.serials import (
    AdjustSerials,
    CorrectSerialExpiry,
    MoveSerials,
    PlaceSerialHold,
    PutAwaySerials,
    ReallocateSerialBackorders,
    ReleaseSerialHold,
)
from shared.contracts.envelope import Message
from shared.contracts.fulfillment import (
    AllocationCancelled,
    AllocationRequested,
    DispatchCheckRequested,
    OrderDispatched,
    OrderSerialsDeallocated,
    OrderSerialsPicked,
    OrderSerialsUnpicked,
)
from shared.contracts.recalls import RecallClosed, RecallOpened
from shared.contracts.receiving import (
    ReceiptLineCancelled,
    ReceiptLineExpected,
    ReceiptSerialsReceived,
    ReturnSerialsDisposed,
    ReturnSerialsReceived,
)
from shared.contracts.reference import ProductChanged
from shared.contracts.serials import SerialRejected
from shared.inventory.reference_data import LOCATION_HANDLER, WAREHOUSE_HANDLER
from shared.messaging.handlers import CommandHandler, EventHandler, ScheduledJob
from shared.runtime import create_app


def sku_lock(data: Message) -> Iterator[str]:
    """Return the lock key of the product, which guards its units, holds and demands."""
    yield f"sku:{data.sku}"  # type: ignore[attr-defined]


def product_and_sku_locks(data: ProductChanged) -> Iterator[str]:
    """Return the lock keys of the product replica and of its stock."""
    yield f"product:{data.sku}"
    yield from sku_lock(data)


def is_serial_demand(data: AllocationRequested | AllocationCancelled) -> bool:
    """Whether a demand is for a serial-tracked product; the lots service owns all others."""
    return data.tracking == "SERIAL"


def is_serial_recall(data: RecallOpened) -> bool:
    """Whether a recall is of a serial-tracked product; older messages have no tracking."""
    return data.tracking in {None, "SERIAL"}


def packed_sku_locks(data: DispatchCheckRequested | OrderDispatched) -> Iterator[str]:
    """Return the lock keys of all products in the shipment."""
    yield from {f"sku:{unit.sku}" for unit in data.units}


HANDLERS = (
    EventHandler(ProductChanged, allocation.on_product_changed, product_and_sku_locks),
    WAREHOUSE_HANDLER._replace(callback=allocation.on_warehouse_changed),
    EventHandler(ReallocateSerialBackorders, allocation.reallocate_backorders, sku_lock),
    LOCATION_HANDLER,
    EventHandler(ReceiptLineExpected, units.on_receipt_line_expected, sku_lock),
    EventHandler(ReceiptLineCancelled, units.on_receipt_line_cancelled, sku_lock),
    EventHandler(ReceiptSerialsReceived, units.on_receipt_serials_received, sku_lock),
    EventHandler(ReturnSerialsReceived, units.on_return_serials_received, sku_lock),
    EventHandler(ReturnSerialsDisposed, allocation.on_return_serials_disposed, sku_lock),
    EventHandler(AllocationRequested, allocation.on_allocation_requested, sku_lock, is_serial_demand),
    EventHandler(AllocationCancelled, allocation.on_allocation_cancelled, sku_lock, is_serial_demand),
    EventHandler(OrderSerialsDeallocated, allocation.on_order_serials_deallocated, sku_lock),
    EventHandler(OrderSerialsPicked, units.on_order_serials_picked, sku_lock),
    EventHandler(OrderSerialsUnpicked, allocation.on_order_serials_unpicked, sku_lock),
    EventHandler(DispatchCheckRequested, units.on_dispatch_check_requested, packed_sku_locks),
    EventHandler(OrderDispatched, units.on_order_dispatched, packed_sku_locks),
    EventHandler(RecallOpened, units.on_recall_opened, sku_lock, is_serial_recall),
    EventHandler(RecallClosed, units.on_recall_closed, sku_lock),
    CommandHandler(
        PutAwaySerials, allocation.put_away, sku_lock, "/putaways", UnitsResult,
        "putAwaySerials", "Put serials away",
    ),
    CommandHandler(
        MoveSerials, units.move, sku_lock, "/moves", UnitsResult,
        "moveSerials", "Move serials to another location",
    ),
    CommandHandler(
        PlaceSerialHold, units.place_holds, sku_lock, "/holds", UnitsResult,
        "placeHold", "Place a hold on serials or on a lot number", success_status=201,
    ),
    CommandHandler(
        ReleaseSerialHold, allocation.release_holds, sku_lock, "/holds/{hold}/release", UnitsResult,
        "releaseHold", "Release a hold",
    ),
    CommandHandler(
        AdjustSerials, allocation.adjust, sku_lock, "/adjustments", UnitsResult,
        "adjustSerials", "Record serials as scrapped, lost, found or void",
    ),
    CommandHandler(
        CorrectSerialExpiry, allocation.correct_expiry, sku_lock, "/corrections", UnitsResult,
        "correctSerialExpiry", "Correct the expiry of serials",
    ),
)  # fmt: skip

JOBS = (ScheduledJob(SerialExpiryCheckDue, find_due, units.check_expiry, sku_lock),)

app = create_app(
    "serials", HANDLERS, SerialRejected, (units_api.router, allocation_api.router, lookup_router), jobs=JOBS
)
