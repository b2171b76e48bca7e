"""The map of lots: which message goes to whom, under which locks, at which address."""

from collections.abc import Iterator

from services.lots.allocation import api, handlers
from services.lots.balances import api as balances_api
from services.lots.balances import handlers as balances
from shared.contracts.commands.lots import AdjustLot, CorrectLot, CountLot, HoldLot, LiftLot, MoveLot, PutAwayLot
from shared.contracts.envelope import Fact
from shared.contracts.fulfillment import AllocationRequested, AllocationWithdrawn
from shared.contracts.lots import LotRejected
from shared.contracts.receiving import StockDisposed, StockReceived, StockReturned
from shared.replica import LOCATIONS, PRODUCTS
from shared.routing import Hears, Takes
from shared.runtime import service


def sku(data: Fact) -> Iterator[str]:
    """Lock the product: one lock guards its lots, balances, holds and demands."""
    yield f"sku:{data.sku}"  # type: ignore[attr-defined]


def counted(data: AllocationRequested | AllocationWithdrawn) -> bool:
    """Say whether a demand is ours: what is serialised is the registry's business."""
    return data.tracking != "SERIAL"


ROWS = (
    *PRODUCTS,
    *LOCATIONS,
    Hears(StockReceived, balances.stock_received, sku),
    Hears(StockReturned, balances.stock_returned, sku),
    Hears(StockDisposed, balances.stock_disposed, sku),
    Hears(AllocationRequested, handlers.allocation_requested, sku, counted),
    Hears(AllocationWithdrawn, handlers.allocation_withdrawn, sku, counted),
    Takes(PutAwayLot, balances.put_away, sku, post="/putaways"),
    Takes(MoveLot, balances.move, sku, post="/moves"),
    Takes(HoldLot, balances.hold, sku, post="/holds"),
    Takes(LiftLot, balances.lift, sku, post="/holds/{hold}/lift"),
    Takes(AdjustLot, balances.adjust, sku, post="/adjustments"),
    Takes(CountLot, balances.count, sku, post="/counts"),
    Takes(CorrectLot, balances.correct, sku, post="/corrections"),
)

app = service("lots", ROWS, LotRejected, (balances_api.router, api.router))
