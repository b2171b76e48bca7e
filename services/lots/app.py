"""The map of lots: it keeps the demands for what is counted, and copies of products and places."""

from collections.abc import Iterator

from services.lots.allocation import api, handlers
from shared.contracts.fulfillment import AllocationRequested, AllocationWithdrawn
from shared.contracts.lots import LotRejected
from shared.replica import LOCATIONS, PRODUCTS
from shared.routing import Hears
from shared.runtime import service


def counted_sku(data: AllocationRequested | AllocationWithdrawn) -> Iterator[str]:
    """Lock the product, if the demand is ours: what is serialised is the registry's business."""
    if data.tracking != "SERIAL":
        yield f"sku:{data.sku}"


ROWS = (
    *PRODUCTS,
    *LOCATIONS,
    Hears(AllocationRequested, handlers.allocation_requested, counted_sku),
    Hears(AllocationWithdrawn, handlers.allocation_withdrawn, counted_sku),
)

app = service("lots", ROWS, LotRejected, (api.router,))
