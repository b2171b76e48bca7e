"""Reference data as receiving, its owner, publishes it: products, warehouses and locations, each with a version.

The topics are kept for ever; the highest version of a key is the truth, whatever order copies arrive in.
"""

from typing import Literal

from shared.contracts.envelope import Fact
from shared.contracts.topics import LOCATIONS, PRODUCTS
from shared.contracts.upstream import Barcode, LifePolicy
from shared.identifiers import MOST_DECIMALS, Decimals, Location, Sku, Warehouse

Tracking = Literal["SERIAL", "LOT", "NONE"]
LocationType = Literal["DOCK", "STAGING", "STORAGE"]


class ProductChanged(Fact, type="product.changed.v1", topic=PRODUCTS, key="sku"):
    """A product and how it is tracked, from this version on."""

    sku: Sku
    version: int
    name: str
    unit: str
    tracking: Tracking
    barcodes: list[Barcode] = []
    life: LifePolicy = LifePolicy()
    decimals: Decimals = MOST_DECIMALS


class WarehouseChanged(Fact, type="warehouse.changed.v1", topic=LOCATIONS, key="warehouse"):
    """A warehouse and its time zone, from this version on."""

    warehouse: Warehouse
    version: int
    name: str
    time_zone: str


class LocationChanged(Fact, type="location.changed.v1", topic=LOCATIONS, key="location"):
    """A location, its type and its place in the pickers' walk, from this version on."""

    location: Location
    version: int
    type: LocationType
    pick_sequence: int
