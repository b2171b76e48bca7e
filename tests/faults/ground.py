"""What ERP defines before a load begins: products, a warehouse and its places."""

from collections.abc import Sequence

from shared.contracts.reference import LocationChanged, ProductChanged, WarehouseChanged
from shared.contracts.upstream import LocationDefined, ProductDefined, WarehouseDefined
from tests.faults.outside import Outside
from tests.faults.plan import DOCK, SHELVES, STAGING, WAREHOUSE


async def define_products(outside: Outside, serials: Sequence[str], lots: Sequence[str]) -> None:
    """Define products by how they are tracked, and wait until receiving has published them."""
    for sku in serials:
        await outside.say(ProductDefined(sku=sku, name=sku, serial_tracked=True))
    for sku in lots:
        await outside.say(ProductDefined(sku=sku, name=sku, unit="kg", lot_tracked=True))

    def published() -> bool:
        told = {each.data.sku for each in outside.heard.values() if isinstance(each.data, ProductChanged)}
        return {*serials, *lots} <= told

    await outside.until(published, f"products {serials} {lots}")


async def define_places(outside: Outside) -> None:
    """Define a warehouse with a dock, a packing place and shelves, and wait until receiving has published them."""
    await outside.say(WarehouseDefined(warehouse=WAREHOUSE, name="East"))
    heard = outside.heard.values()
    await outside.until(lambda: any(isinstance(each.data, WarehouseChanged) for each in heard), "the warehouse")
    places = {DOCK: "DOCK", STAGING: "STAGING"} | dict.fromkeys(SHELVES, "STORAGE")
    for number, (place, kind) in enumerate(places.items()):
        await outside.say(LocationDefined.model_validate({"location": place, "type": kind, "pick_sequence": number}))

    def published() -> bool:
        told = [each.data for each in outside.heard.values()]
        return set(places) <= {each.location for each in told if isinstance(each, LocationChanged)}

    await outside.until(published, "places")
