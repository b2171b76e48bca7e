"""Handlers, policies and scheduled jobs of the serials service, with their lock keys and HTTP paths."""

from collections.abc import Iterator
from functools import partial

from services.serials.allocation import api as allocation_api
from services.serials.allocation.domain import requests
from services.serials.allocation.domain.allocate import allocate_backorders
from services.serials.allocation.domain.allocation_events import publish_allocations
from services.serials.allocation.store import loads as allocation
from services.serials.allocation.store.backorders import find_backorder_pools_in
from services.serials.counts import api as counts_api
from services.serials.counts import store as counts
from services.serials.counts.domain.count import CountResult, count_location
from services.serials.counts.domain.resolve import ResolvedCountDiscrepancies, resolve_count_discrepancies
from services.serials.imports import KINDS as IMPORTS
from services.serials.lookup.api import router as lookup_router
from services.serials.units import api as units_api
from services.serials.units.domain import (
    adjustments,
    corrections,
    dispatch,
    expiry,
    fulfillment_events,
    holds,
    movements,
    past_sales,
    recalls,
    receiving_events,
    scans,
)
from services.serials.units.domain.expiry import SerialExpiryCheckDue
from services.serials.units.domain.location_changes import apply_location_change
from services.serials.units.domain.results import HoldResult, UnitsResult
from services.serials.units.domain.unit_of_work import SerialsUnitOfWork
from services.serials.units.store import loads as units
from services.serials.units.store.expiry import find_due
from services.serials.units.store.locations import load_location_changes
from services.serials.units.store.scans import read_scans
from shared.auth.roles import Role
from shared.contracts.commands.serials import (
    AdjustSerials,
    CorrectSerialExpiry,
    CorrectSerialLot,
    CountSerials,
    MoveSerials,
    PlaceSerialHold,
    PutAwaySerials,
    ReallocateSerialBackorders,
    RegisterSoldSerials,
    ReleaseSerialHold,
    ResolveCountDiscrepancies,
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
from shared.contracts.reference import LocationChanged, ProductChanged
from shared.inventory.scan_enricher import taking_scans
from shared.inventory.scan_fills import fill_serials
from shared.inventory.time_zone_changes import warehouse_handler
from shared.messaging.handlers import CommandHandler, EventHandler, Policy, ScheduledJob
from shared.runtime import create_app


def sku_lock(data: Message) -> Iterator[str]:
    """Return the lock key of the SKU, which guards its units, holds and demands."""
    yield f"sku:{data.sku}"  # type: ignore[attr-defined]


def product_locks(data: ProductChanged) -> Iterator[str]:
    """Return the lock keys of the product and of its SKU, whose backorders a relaxed shelf-life policy may fill."""
    yield f"product:{data.sku}"
    yield from sku_lock(data)


def location_lock(data: LocationChanged) -> Iterator[str]:
    """Return the lock key of the location."""
    yield f"location:{data.location}"


def is_serial_demand(data: AllocationRequested | AllocationCancelled) -> bool:
    """Whether the product of a demand is serial-tracked; the lots service owns all others."""
    return data.tracking == "SERIAL"


def is_serial_recall(data: RecallOpened) -> bool:
    """Whether a recall is of a serial-tracked product; older messages have no tracking."""
    return data.tracking in {None, "SERIAL"}


def packed_sku_locks(data: DispatchCheckRequested | OrderDispatched) -> Iterator[str]:
    """Return the lock keys of the SKUs of the units in the cartons."""
    yield from {f"sku:{unit.sku}" for unit in data.units}


def counted_location_locks(data: CountSerials) -> Iterator[str]:
    """Return the lock keys of the location, which guards its counts, and of the SKUs of the scanned units."""
    yield f"location:{data.location}"
    yield from {f"sku:{unit.sku}" for unit in data.units}


def discrepancy_locks(data: ResolveCountDiscrepancies) -> Iterator[str]:
    """Return the lock keys of the location and of the SKU."""
    yield f"location:{data.location}"
    yield from sku_lock(data)


taking_units = partial(taking_scans, fill=fill_serials)
"""Lets a command take raw scans of units, each of which may be wrong without the others."""

HANDLERS = (
    EventHandler(ProductChanged, requests.reallocate_product, product_locks, load=allocation.load_product_changes),
    warehouse_handler(find_backorder_pools_in, ReallocateSerialBackorders),
    EventHandler(
        ReallocateSerialBackorders, requests.reallocate_backorders, sku_lock, load=allocation.lock_time_zones
    ),
    EventHandler(LocationChanged, apply_location_change, location_lock, load=load_location_changes),
    EventHandler(ReceiptLineExpected, receiving_events.expect, sku_lock, load=units.load_units),
    EventHandler(ReceiptLineCancelled, receiving_events.cancel_expectation, sku_lock, load=units.load_units),
    EventHandler(ReceiptSerialsReceived, receiving_events.receive, sku_lock, load=units.load_arriving_units),
    EventHandler(ReturnSerialsReceived, receiving_events.receive_return, sku_lock, load=units.load_arriving_units),
    EventHandler(ReturnSerialsDisposed, receiving_events.dispose_return, sku_lock, load=units.load_units_and_holds),
    EventHandler(
        AllocationRequested, requests.open_demand, sku_lock, is_serial_demand, load=allocation.load_demands
    ),
    EventHandler(
        AllocationCancelled, requests.cancel_demand, sku_lock, is_serial_demand,
        load=allocation.load_demands_to_cancel,
    ),
    EventHandler(
        AllocationCancelled, fulfillment_events.release_allocations, sku_lock, is_serial_demand,
        load=allocation.load_demands_to_cancel,
    ),
    EventHandler(
        OrderSerialsDeallocated, fulfillment_events.deallocate, sku_lock, load=allocation.load_returned_units
    ),
    EventHandler(OrderSerialsPicked, fulfillment_events.pick, sku_lock, load=units.load_units),
    EventHandler(OrderSerialsUnpicked, fulfillment_events.unpick, sku_lock, load=allocation.load_returned_units),
    EventHandler(DispatchCheckRequested, dispatch.check_dispatch, packed_sku_locks, load=units.load_packed_units),
    EventHandler(OrderDispatched, fulfillment_events.ship, packed_sku_locks, load=units.load_packed_units),
    EventHandler(RecallOpened, recalls.open_recall, sku_lock, is_serial_recall, load=units.load_recalled_units),
    EventHandler(RecallClosed, None, sku_lock, load=units.stop_recall_tracking),
    CommandHandler(
        PutAwaySerials, taking_units(movements.put_away, scans.judge_unit), sku_lock, "/putaways",
        UnitsResult, "putAwaySerials", "Put serials away", enrich=read_scans,
        load=units.load_units_and_locations,
    ),
    CommandHandler(
        MoveSerials, taking_units(movements.move, scans.judge_unit), sku_lock, "/moves", UnitsResult,
        "moveSerials", "Move serials to another location", enrich=read_scans,
        load=units.load_units_and_locations,
    ),
    CommandHandler(
        PlaceSerialHold, taking_scans(holds.place_hold, scans.judge_hold, scans.fill_hold), sku_lock, "/holds",
        HoldResult,
        "placeHold", "Place a hold on serials or on a lot number", success_status=201, enrich=read_scans,
        load=units.load_units_to_hold,
    ),
    CommandHandler(
        ReleaseSerialHold, holds.release_hold, sku_lock, "/holds/{hold}/release", UnitsResult,
        "releaseHold", "Release a hold", load=units.load_holds, role=Role.SUPERVISOR,
    ),
    CommandHandler(
        AdjustSerials, taking_units(adjustments.adjust, scans.judge_unit), sku_lock, "/adjustments",
        UnitsResult, "adjustSerials", "Record serials as scrapped, lost, found, void or back from the vendor",
        enrich=read_scans, load=units.load_units_to_adjust, role=Role.SUPERVISOR,
    ),
    CommandHandler(
        RegisterSoldSerials, past_sales.register_sold, sku_lock, "/past-sales", UnitsResult,
        "registerSoldSerials", "Register serials that were sold before", load=units.load_sold_units,
        role=Role.SUPERVISOR,
    ),
    CommandHandler(
        CountSerials, taking_scans(count_location, scans.judge_unit, is_whole=True), counted_location_locks,
        "/counts", CountResult, "countLocation", "Count the serials at a location", enrich=read_scans,
        load=counts.load_counts,
    ),
    CommandHandler(
        ResolveCountDiscrepancies, taking_units(resolve_count_discrepancies, scans.judge_unit),
        discrepancy_locks, "/count-discrepancies/resolve", ResolvedCountDiscrepancies,
        "resolveCountDiscrepancies", "Resolve count discrepancies of serials", enrich=read_scans,
        load=counts.load_resolutions, role=Role.SUPERVISOR,
    ),
    CommandHandler(
        CorrectSerialExpiry, taking_units(corrections.correct_expiry, scans.judge_expiry), sku_lock,
        "/corrections", UnitsResult, "correctSerialExpiry", "Correct the expiry of serials",
        enrich=read_scans, load=units.load_units_to_correct, role=Role.SUPERVISOR,
    ),
    CommandHandler(
        CorrectSerialLot, taking_units(corrections.correct_lot, scans.judge_lot), sku_lock,
        "/lot-corrections", UnitsResult, "correctSerialLot", "Correct the lot number of serials",
        enrich=read_scans, load=units.load_units_of_wrong_lots, role=Role.SUPERVISOR,
    ),
)  # fmt: skip

POLICIES = (
    Policy(allocate_backorders, allocation.load_backorders, reads_saved_changes=False),
    Policy(publish_allocations, allocation.load_skipped_units),
    Policy(recalls.publish_recall_updates, units.load_recall_updates),
)
"""Released stock goes to open demands, and open recalls learn of changed units, whatever changed them."""

JOBS = (ScheduledJob(SerialExpiryCheckDue, find_due, expiry.check_expiry, sku_lock, units.load_due_units),)

app = create_app(
    "serials", HANDLERS, SerialsUnitOfWork, (units_api.router, allocation_api.router, counts_api.router, lookup_router),
    save=counts.save, policies=POLICIES, jobs=JOBS, imports=IMPORTS,
)  # fmt: skip
