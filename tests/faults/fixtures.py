"""Reference data: products, a warehouse and its locations."""

from collections.abc import Sequence

from shared.contracts.reference import LocationChanged, ProductChanged, WarehouseChanged
from shared.contracts.upstream import LocationDefined, ProductDefined, WarehouseDefined
from tests.faults.plan import DOCK, SHELVES, STAGING, WAREHOUSE
from tests.faults.upstream import UpstreamClient


async def define_products(upstream: UpstreamClient, serials: Sequence[str], lots: Sequence[str]) -> None:
    """Define serial-tracked and lot-tracked products and wait until receiving has published them."""
    for sku in serials:
        await upstream.publish(ProductDefined(sku=sku, name=sku, serial_tracked=True))
    for sku in lots:
        await upstream.publish(ProductDefined(sku=sku, name=sku, unit="kg", lot_tracked=True))

    def is_published() -> bool:
        published_skus = {
            event.data.sku for event in upstream.events.values() if isinstance(event.data, ProductChanged)
        }
        return {*serials, *lots} <= published_skus

    await upstream.wait_until(is_published, f"products {serials} {lots} are published")


async def define_locations(upstream: UpstreamClient) -> None:
    """Define a warehouse with a dock, a packing station and shelves; wait until receiving has published them."""
    await upstream.publish(WarehouseDefined(warehouse=WAREHOUSE, name="East"))
    events = upstream.events.values()
    await upstream.wait_until(
        lambda: any(isinstance(event.data, WarehouseChanged) for event in events), "the warehouse is published"
    )
    locations = {DOCK: "DOCK", STAGING: "STAGING"} | dict.fromkeys(SHELVES, "STORAGE")
    for number, (location, kind) in enumerate(locations.items()):
        await upstream.publish(
            LocationDefined.model_validate({"location": location, "type": kind, "pick_sequence": number})
        )

    def are_published() -> bool:
        payloads = [event.data for event in upstream.events.values()]
        return set(locations) <= {payload.location for payload in payloads if isinstance(payload, LocationChanged)}

    await upstream.wait_until(are_published, "the locations are published")
