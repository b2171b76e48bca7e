"""Replicas of products, warehouses and locations; receiving owns them, the highest version is valid."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import Row, TextClause, text

from shared.contracts.envelope import CloudEvent
from shared.contracts.product_attributes import ShelfLifePolicy
from shared.contracts.reference import LocationChanged, LocationType, ProductChanged, Tracking, WarehouseChanged
from shared.identifiers import MAX_DECIMALS
from shared.inventory.decimals import decimals_of
from shared.inventory.expiry import today
from shared.messaging.handlers import EventHandler
from shared.persistence.database import Transaction
from shared.persistence.records import load_records
from shared.unit_of_work import UnitOfWork


class Product(NamedTuple):
    """Replica of a product."""

    sku: str
    version: int
    name: str
    unit: str
    tracking: Tracking
    shelf_life: ShelfLifePolicy = ShelfLifePolicy()
    decimals: int = MAX_DECIMALS
    """Effective decimals of its quantities."""

    def min_remaining_shelf_life(self, customer: str, requested: int = 0) -> int:
        """Return the higher of the customer's agreed and the order's requested minimum remaining shelf life."""
        return self.shelf_life.min_remaining_shelf_life(customer, requested)


class Location(NamedTuple):
    """Replica of a location."""

    location: str
    version: int
    type: LocationType
    pick_sequence: int
    is_active: bool = True


class Warehouse(NamedTuple):
    """Replica of a warehouse."""

    warehouse: str
    version: int
    name: str
    time_zone: str


COLUMN_TYPES = {
    "pick_sequence": "integer", "shelf_life": "jsonb", "warranty": "jsonb", "serial_format": "jsonb",
    "decimals": "smallint", "is_active": "boolean", "barcodes": "jsonb",
}  # fmt: skip


def upsert_statement(table: str, key: str, columns: str) -> TextClause:
    """Build the statement that saves the newest version of each key in a message, unless a newer one is stored."""
    names = [name.strip() for name in columns.split(",")]
    typed_columns = ", ".join(f"{name} {COLUMN_TYPES.get(name, 'text')}" for name in names)
    assignments = ", ".join(f"{name} = excluded.{name}" for name in ["version", *names])
    # Sorted, and only the newest version of each key: a statement can update a row only once.
    return text(f"""
        INSERT INTO {table} ({key}, version, {columns})
        SELECT DISTINCT ON ({key}) {key}, version, {columns}
        FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS input ({key} text, version bigint, {typed_columns})
        ORDER BY {key}, version DESC
        ON CONFLICT ({key}) DO UPDATE SET {assignments} WHERE {table}.version < excluded.version
    """)  # noqa: S608 - constant names


PRODUCT_COLUMNS = "name, unit, tracking, shelf_life, decimals, barcodes"
UPSERT_PRODUCTS = upsert_statement("product", "sku", PRODUCT_COLUMNS)
UPSERT_WAREHOUSES = upsert_statement("warehouse", "warehouse", "name, time_zone")
UPSERT_LOCATIONS = upsert_statement("location", "location", "type, pick_sequence, is_active")
SELECT_PRODUCTS = text(
    "SELECT sku, version, name, unit, tracking, shelf_life::text AS shelf_life, decimals FROM product "
    "WHERE sku = ANY(CAST(:keys AS text[]))"
)
SELECT_LOCATIONS = text(
    "SELECT location, version, type, pick_sequence, is_active FROM location WHERE location = ANY(CAST(:keys AS text[]))"
)
SELECT_WAREHOUSES = text(
    "SELECT warehouse, version, name, time_zone FROM warehouse WHERE warehouse = ANY(CAST(:keys AS text[]))"
)
SELECT_TIME_ZONES = text("SELECT warehouse, time_zone FROM warehouse")


def _rows_parameter(events: Sequence[CloudEvent[Any]]) -> dict[str, str]:
    return {"rows": "[" + ",".join(event.data.model_dump_json() for event in events) + "]"}


async def save_products(
    tx: Transaction, events: Sequence[CloudEvent[ProductChanged]], statement: TextClause = UPSERT_PRODUCTS
) -> None:
    """Save new versions of products, by the statement of a service with further columns."""
    await tx.execute(statement, _rows_parameter(events))


async def save_warehouses(tx: Transaction, events: Sequence[CloudEvent[WarehouseChanged]]) -> None:
    """Save new versions of warehouses."""
    await tx.execute(UPSERT_WAREHOUSES, _rows_parameter(events))


async def save_locations(tx: Transaction, events: Sequence[CloudEvent[LocationChanged]]) -> None:
    """Save new versions of locations."""
    await tx.execute(UPSERT_LOCATIONS, _rows_parameter(events))


def to_product(row: Row[Any]) -> Product:
    """Build a product from a row with its columns."""
    return Product(
        sku=row.sku, version=row.version, name=row.name, unit=row.unit, tracking=row.tracking,
        shelf_life=ShelfLifePolicy.model_validate_json(row.shelf_life),
        decimals=decimals_of(row.tracking, row.decimals),
    )  # fmt: skip


async def load_products(tx: Transaction, skus: Iterable[str]) -> Mapping[str, Product]:
    """Load the known products among `skus`, by SKU."""
    return {row.sku: to_product(row) for row in await tx.fetch_all(SELECT_PRODUCTS, {"keys": list(set(skus))})}


async def load_locations(tx: Transaction, names: Iterable[str]) -> Mapping[str, Location]:
    """Load the known locations among `names`, by name."""
    records = load_records(Location, await tx.fetch_all(SELECT_LOCATIONS, {"keys": list(set(names))}))
    return {location.location: location for location in records}


async def load_warehouses(tx: Transaction, names: Iterable[str]) -> Mapping[str, Warehouse]:
    """Load the known warehouses among `names`, by name."""
    records = load_records(Warehouse, await tx.fetch_all(SELECT_WAREHOUSES, {"keys": list(set(names))}))
    return {warehouse.warehouse: warehouse for warehouse in records}


async def today_by_warehouse(tx: Transaction) -> dict[str, date]:
    """Return the current date in each warehouse."""
    return {row.warehouse: today(tx.now, row.time_zone) for row in await tx.fetch_all(SELECT_TIME_ZONES)}


async def load_location_changes(tx: Transaction, _: UnitOfWork, events: Sequence[CloudEvent[LocationChanged]]) -> None:
    """Save new versions of locations, the whole effect of their messages."""
    await save_locations(tx, events)


WAREHOUSE_HANDLER = EventHandler(WarehouseChanged, None, lambda data: (f"warehouse:{data.warehouse}",))
"""Handler of warehouses; each service adds a load, which maintains its replica."""
LOCATION_HANDLER = EventHandler(
    LocationChanged, None, lambda data: (f"location:{data.location}",), load=load_location_changes
)
"""Handler that maintains the replica of locations."""
