"""Immutable records of products: one class per table, one field per column."""

from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from shared.contracts.model import KnownFieldsModel
from shared.contracts.product_attributes import Barcode, ShelfLifePolicy, Warranty
from shared.contracts.reference import Tracking
from shared.contracts.results import PartialResult
from shared.contracts.serial_formats import SerialFormat
from shared.identifiers import MAX_DECIMALS


class Product(NamedTuple):
    """A product without its barcodes."""

    sku: str
    version: int
    name: str
    unit: str
    tracking: Tracking
    shelf_life: ShelfLifePolicy = ShelfLifePolicy()
    decimals: int = MAX_DECIMALS
    serial_format: SerialFormat | None = None
    serials_unique_per_product: bool = False
    receive_by_carton: bool = False
    warranty: Warranty | None = None


class FixedDefinition(NamedTuple):
    """What a product keeps once it is in use: quantities would change their meaning."""

    tracking: Tracking
    unit: str
    decimals: int


@dataclass(frozen=True, slots=True)
class ProductHistory:
    """Which of the loaded products have history."""

    used: set[str] = field(default_factory=set)
    """Products that are announced on an open receipt, or of which anything was received or scanned."""
    ordered: set[str] = field(default_factory=set)
    """Products that were ordered."""
    first_orders: dict[str, FixedDefinition] = field(default_factory=dict)
    """What the first order of a product relied on, until it is compared with the product."""


class ProductBarcode(NamedTuple):
    """A barcode of a product and its quantity per scan."""

    code: str
    sku: str
    quantity: int


class ProductChange(NamedTuple):
    """A change log entry; `before` and `after` are the product with its barcodes as JSON."""

    sku: str
    version: int
    changed_at: datetime
    actor: str
    source: str
    message: str
    before: str | None
    after: str


class ProductOut(KnownFieldsModel):
    """A product."""

    sku: str
    version: int
    name: str
    unit: str
    tracking: Tracking
    barcodes: list[Barcode]
    shelf_life: ShelfLifePolicy
    decimals: int = MAX_DECIMALS
    serial_format: SerialFormat | None = None
    serials_unique_per_product: bool = False
    receive_by_carton: bool = False
    warranty: Warranty | None = None


class ProductResult(ProductOut, PartialResult):
    """A defined product; barcodes that are no GTINs, though declared as such, are listed in `rejected`."""
