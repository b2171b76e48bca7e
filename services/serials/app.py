"""The map of the serial registry: which message goes to whom, under which locks, at which address."""

from collections.abc import Iterator

from services.serials.allocation import api as allocation_api
from services.serials.allocation import handlers as allocation
from services.serials.lookup.api import router as lookup_router
from services.serials.units import api as units_api
from services.serials.units import handlers as units
from services.serials.units.domain.answers import UnitsDone
from services.serials.units.domain.expiry import UnitsDue
from services.serials.units.store.expiry import due
from shared import rezoned
from shared.contracts.commands.serials import Adjust, Correct, Hold, Lift, Move, PutAway
from shared.contracts.envelope import Fact
from shared.contracts.fulfillment import (
    AllocationRequested,
    AllocationWithdrawn,
    DispatchDone,
    DispatchRequested,
    UnitDeallocated,
    UnitPicked,
    UnitUnpicked,
)
from shared.contracts.lots import RecallClosed, RecallOpened
from shared.contracts.receiving import ReceiptPlanned, ReceiptWithdrawn, ReturnDisposed, UnitReceived, UnitReturned
from shared.contracts.reference import ProductChanged
from shared.contracts.serials import SerialRejected
from shared.replica import LOCATIONS, WAREHOUSES
from shared.rezoned import Rezoned
from shared.routing import Finds, Hears, Takes
from shared.runtime import service


def sku(data: Fact) -> Iterator[str]:
    """Lock the product: one lock guards its units, holds and demands."""
    yield f"sku:{data.sku}"  # type: ignore[attr-defined]


def product_and_sku(data: ProductChanged) -> Iterator[str]:
    """Lock the copy of the product, and what its life policy may serve."""
    yield f"product:{data.sku}"
    yield from sku(data)


def serialised(data: AllocationRequested | AllocationWithdrawn) -> bool:
    """Say whether a demand is ours: what is counted is lots' business."""
    return data.tracking == "SERIAL"


def recalled(data: RecallOpened) -> bool:
    """Say whether a recall is ours; older ones did not say whose they are."""
    return data.tracking in {None, "SERIAL"}


def packed_skus(data: DispatchRequested | DispatchDone) -> Iterator[str]:
    """Lock every product that lies in the cartons."""
    yield from {f"sku:{unit.sku}" for unit in data.units}


ROWS = (
    Hears(ProductChanged, allocation.product_changed, product_and_sku),
    WAREHOUSES._replace(handler=allocation.warehouse_changed),
    LOCATIONS,
    Hears(ReceiptPlanned, units.receipt_planned, sku),
    Hears(ReceiptWithdrawn, units.receipt_withdrawn, sku),
    Hears(UnitReceived, units.unit_received, sku),
    Hears(UnitReturned, units.unit_returned, sku),
    Hears(ReturnDisposed, allocation.return_disposed, sku),
    Hears(AllocationRequested, allocation.allocation_requested, sku, serialised),
    Hears(AllocationWithdrawn, allocation.allocation_withdrawn, sku, serialised),
    Hears(UnitDeallocated, allocation.unit_deallocated, sku),
    Hears(UnitPicked, units.unit_picked, sku),
    Hears(UnitUnpicked, allocation.unit_unpicked, sku),
    Hears(DispatchRequested, units.dispatch_requested, packed_skus),
    Hears(DispatchDone, units.dispatch_done, packed_skus),
    Hears(RecallOpened, units.recall_opened, sku, recalled),
    Hears(RecallClosed, units.recall_closed, sku),
    Takes(PutAway, allocation.put_away, sku, "/putaways", UnitsDone, "putAwaySerials", "Put serials away"),
    Takes(Move, units.move, sku, "/moves", UnitsDone, "moveSerials", "Move serials to another location"),
    Takes(
        Hold, units.hold, sku, "/holds", UnitsDone,
        "placeHold", "Place a hold on serials or on a lot number", status=201,
    ),
    Takes(Lift, allocation.lift, sku, "/holds/{hold}/release", UnitsDone, "releaseHold", "Release a hold"),
    Takes(
        Adjust, allocation.adjust, sku, "/adjustments", UnitsDone,
        "adjustSerials", "Scrap, lose, find or void serials",
    ),
    Takes(
        Correct, allocation.correct, sku, "/corrections", UnitsDone,
        "correctSerialExpiry", "Correct the expiry of serials",
    ),
)  # fmt: skip

FINDS = (Finds(UnitsDue, due, units.look, sku), Finds(Rezoned, rezoned.due, allocation.rezoned_serve, sku))

app = service("serials", ROWS, SerialRejected, (units_api.router, allocation_api.router, lookup_router), finds=FINDS)
