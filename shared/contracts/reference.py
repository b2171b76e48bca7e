"""Reference data: products, warehouses and locations of receiving, each with a version; products that were ordered.

The topics have unlimited retention. The highest version of a key is valid, in whatever order messages arrive.
"""

from typing import Literal

from shared.contracts.envelope import Message
from shared.contracts.product_attributes import Barcode, ShelfLifePolicy, Warranty
from shared.contracts.serial_formats import SerialFormat
from shared.contracts.topics import LOCATIONS, ORDERED_PRODUCTS, PRODUCTS
from shared.identifiers import MAX_DECIMALS, Decimals, Integer, Location, Sku, Warehouse

Tracking = Literal["SERIAL", "LOT", "NONE"]
LocationType = Literal["DOCK", "STAGING", "STORAGE"]


class ProductChanged(Message, type="product.changed.v1", topic=PRODUCTS, key="sku"):
    """A new version of a product and its tracking."""

    sku: Sku
    version: Integer
    name: str
    unit: str
    tracking: Tracking
    barcodes: list[Barcode] = []
    shelf_life: ShelfLifePolicy = ShelfLifePolicy()
    decimals: Decimals = MAX_DECIMALS
    serial_format: SerialFormat | None = None
    serials_unique_per_product: bool = False
    receive_by_carton: bool = False
    warranty: Warranty | None = None


class WarehouseChanged(Message, type="warehouse.changed.v1", topic=LOCATIONS, key="warehouse"):
    """A new version of a warehouse and its time zone."""

    warehouse: Warehouse
    version: Integer
    name: str
    time_zone: str


class LocationChanged(Message, type="location.changed.v1", topic=LOCATIONS, key="location"):
    """A new version of a location: its type, its pick sequence, and whether it is in use."""

    location: Location
    version: Integer
    type: LocationType
    pick_sequence: Integer
    is_active: bool = True


class ProductOrdered(Message, type="product.ordered.v1", topic=ORDERED_PRODUCTS, key="sku"):
    """The first order of a product was accepted: since then it keeps its tracking, unit and at least its decimals.

    `ordered_version` is the version of the product that the order knew; it is omitted if the product was undefined.
    """

    sku: Sku
    ordered_version: Integer | None = None
