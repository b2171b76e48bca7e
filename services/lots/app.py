"""The map of lots: which message goes to whom, under which locks, at which address."""

from collections.abc import Iterator
from functools import partial
from typing import Any

from services.lots.allocation import api
from services.lots.allocation import handlers as allocation
from services.lots.allocation.handlers import serving
from services.lots.balances import api as balances_api
from services.lots.balances import handlers as balances
from services.lots.balances.domain.answers import HoldNow, StockNow
from services.lots.expiry import handlers as expiry
from services.lots.expiry.domain import LotDue
from services.lots.expiry.store import due
from services.lots.lookup.api import router as lookup_router
from services.lots.recalls import handlers as recalls
from services.lots.recalls.api import router as recalls_router
from services.lots.recalls.domain.answers import RecallNow
from shared import rezoned
from shared.contracts.commands.lots import (
    AdjustLot,
    CloseRecall,
    CorrectLot,
    CountLot,
    HoldLot,
    LiftLot,
    MarkRecalled,
    MoveLot,
    OpenRecall,
    PutAwayLot,
)
from shared.contracts.envelope import Fact
from shared.contracts.fulfillment import (
    AllocationRequested,
    AllocationWithdrawn,
    DispatchDone,
    DispatchRequested,
    StockDeallocated,
    StockPicked,
    StockUnpicked,
)
from shared.contracts.lots import LotRejected, RecallOpened
from shared.contracts.receiving import StockDisposed, StockReceived, StockReturned
from shared.contracts.reference import LocationChanged, ProductChanged
from shared.contracts.serials import SerialRecalled
from shared.replica import WAREHOUSES
from shared.rezoned import Rezoned
from shared.routing import Finds, Hears, Takes
from shared.runtime import service


def sku(data: Fact) -> Iterator[str]:
    """Lock the product: one lock guards its lots, balances, holds and demands."""
    yield f"sku:{data.sku}"  # type: ignore[attr-defined]


def counted(data: AllocationRequested | AllocationWithdrawn | RecallOpened) -> bool:
    """Say whether a demand or a recall is ours: what is serialised is the registry's business."""
    return data.tracking != "SERIAL"


def product(data: ProductChanged) -> Iterator[str]:
    """Lock the copy of the product, and what waits for a more relaxed policy of it."""
    yield f"product:{data.sku}"
    yield from sku(data)


def place(data: LocationChanged) -> Iterator[str]:
    """Lock the copy of the place."""
    yield f"location:{data.location}"


def packed(data: DispatchRequested | DispatchDone) -> bool:
    """Say whether anything counted lies in the cartons."""
    return bool(data.stock)


def packed_skus(data: DispatchRequested | DispatchDone) -> Iterator[str]:
    """Lock every counted product that lies in the cartons."""
    yield from {f"sku:{part.sku}" for part in data.stock}


def recall(data: Any) -> Iterator[str]:
    """Lock the recall: answers, marks and its end follow each other."""
    yield f"recall:{data.recall}"


def recall_and_sku(data: RecallOpened) -> Iterator[str]:
    """Lock what a recall holds, and itself."""
    yield from recall(data)
    yield from sku(data)


ROWS = (
    Hears(ProductChanged, recalls.product_changed, product),
    WAREHOUSES._replace(handler=allocation.warehouse_changed),
    Hears(LocationChanged, partial(balances.location_changed, keep=serving), place),
    Hears(StockReceived, partial(recalls.stock_received, keep=serving), sku),
    Hears(StockReturned, partial(balances.stock_returned, keep=serving), sku),
    Hears(StockDisposed, partial(balances.stock_disposed, keep=serving), sku),
    Hears(AllocationRequested, allocation.allocation_requested, sku, counted),
    Hears(AllocationWithdrawn, allocation.allocation_withdrawn, sku, counted),
    Hears(StockDeallocated, allocation.stock_deallocated, sku),
    Hears(StockPicked, allocation.stock_picked, sku),
    Hears(StockUnpicked, allocation.stock_unpicked, sku),
    Hears(DispatchRequested, allocation.dispatch_requested, packed_skus, packed),
    Hears(DispatchDone, allocation.dispatch_done, packed_skus, packed),
    Takes(
        PutAwayLot, partial(balances.put_away, keep=serving), sku, "/putaways", StockNow,
        "putAwayLot", "Put a quantity of a lot away",
    ),
    Takes(
        MoveLot, partial(balances.move, keep=serving), sku, "/moves", StockNow,
        "moveLot", "Move a quantity of a lot to another location",
    ),
    Takes(
        HoldLot, partial(balances.hold, keep=serving), sku, "/holds", HoldNow,
        "placeHold", "Place a hold on a lot", status=201,
    ),
    Takes(
        LiftLot, partial(balances.lift, keep=serving), sku, "/holds/{hold}/release", HoldNow,
        "releaseHold", "Release a hold",
    ),
    Takes(
        AdjustLot, partial(balances.adjust, keep=serving), sku, "/adjustments", StockNow,
        "adjustLot", "Scrap, lose or find a quantity of a lot",
    ),
    Takes(
        CountLot, partial(balances.count, keep=serving), sku, "/counts", StockNow,
        "countLot", "Record the count of a lot at a location",
    ),
    Takes(
        CorrectLot, partial(balances.correct, keep=serving), sku, "/corrections", StockNow,
        "correctLotDates", "Correct the dates of a lot",
    ),
    Takes(OpenRecall, recalls.open_recalls, recall, "/recalls", RecallNow, "openRecall", "Open a recall", status=202),
    Hears(RecallOpened, recalls.hold_recalled, recall_and_sku, counted),
    Hears(SerialRecalled, recalls.hear_units, recall),
    Takes(
        MarkRecalled, recalls.mark_calls, recall, "/recalls/{recall}/contacts", RecallNow,
        "recordRecallContact", "Record the outcome of a customer contact",
    ),
    Takes(
        CloseRecall, recalls.close_recalls, recall, "/recalls/{recall}/close", RecallNow,
        "closeRecall", "Close a recall",
    ),
)  # fmt: skip

FINDS = (Finds(LotDue, due, expiry.look, sku), Finds(Rezoned, rezoned.due, allocation.rezoned_serve, sku))

app = service("lots", ROWS, LotRejected, (balances_api.router, api.router, lookup_router, recalls_router), FINDS)
