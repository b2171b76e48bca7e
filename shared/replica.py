"""This service's copies of the products and locations; receiving owns them, the highest version is the truth."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from typing import Any, NamedTuple

from sqlalchemy import Row, text

from shared.contracts.envelope import CloudEvent, Fact
from shared.contracts.reference import LocationChanged, LocationType, ProductChanged, Tracking, WarehouseChanged
from shared.contracts.upstream import LifePolicy
from shared.database import Transaction
from shared.identifiers import MOST_DECIMALS
from shared.records import load_records
from shared.routing import Hears
from shared.stock.decimals import decimals_of
from shared.stock.expiry import today


class Product(NamedTuple):
    """A product as this service knows it."""

    sku: str
    version: int
    name: str
    unit: str
    tracking: Tracking
    life: LifePolicy = LifePolicy()
    decimals: int = MOST_DECIMALS
    """With how many it is counted, however it is tracked."""

    def min_life(self, customer: str, asked: int = 0) -> int:
        """How many days of life a customer's order demands of it: what was agreed with the customer, or asked for."""
        return self.life.min_life(customer, asked)


class Place(NamedTuple):
    """A location as this service knows it."""

    location: str
    version: int
    type: LocationType
    pick_sequence: int


class Site(NamedTuple):
    """A warehouse as this service knows it."""

    warehouse: str
    version: int
    name: str
    time_zone: str


TYPES = {"pick_sequence": "integer", "life": "jsonb", "decimals": "smallint"}


def _upsert(table: str, key: str, columns: str) -> Any:
    names = [name.strip() for name in columns.split(",")]
    typed = ", ".join(f"{name} {TYPES.get(name, 'text')}" for name in names)
    sets = ", ".join(f"{name} = excluded.{name}" for name in ["version", *names])
    # Sorted, and the newest version of a key alone: a statement can update a row only once.
    return text(f"""
        INSERT INTO {table} ({key}, version, {columns})
        SELECT DISTINCT ON ({key}) {key}, version, {columns}
        FROM jsonb_to_recordset(CAST(:rows AS jsonb)) AS it ({key} text, version bigint, {typed})
        ORDER BY {key}, version DESC
        ON CONFLICT ({key}) DO UPDATE SET {sets} WHERE {table}.version < excluded.version
    """)  # noqa: S608 - the names are this module's own


SAVE_PRODUCTS = _upsert("product", "sku", "name, unit, tracking, life, decimals")
SAVE_WAREHOUSES = _upsert("warehouse", "warehouse", "name, time_zone")
SAVE_LOCATIONS = _upsert("location", "location", "type, pick_sequence")
PRODUCTS_OF = text(
    "SELECT sku, version, name, unit, tracking, life::text AS life, decimals FROM product "
    "WHERE sku = ANY(CAST(:keys AS text[]))"
)
LOCATIONS_OF = text(
    "SELECT location, version, type, pick_sequence FROM location WHERE location = ANY(CAST(:keys AS text[]))"
)
WAREHOUSES_OF = text(
    "SELECT warehouse, version, name, time_zone FROM warehouse WHERE warehouse = ANY(CAST(:keys AS text[]))"
)
TIME_ZONES = text("SELECT warehouse, time_zone FROM warehouse")


def _rows(events: Sequence[CloudEvent[Any]]) -> dict[str, str]:
    return {"rows": "[" + ",".join(event.data.model_dump_json() for event in events) + "]"}


async def save_products(tx: Transaction, events: Sequence[CloudEvent[ProductChanged]]) -> Sequence[Fact]:
    """Take products in."""
    await tx.run(SAVE_PRODUCTS, _rows(events))
    return ()


async def save_warehouses(tx: Transaction, events: Sequence[CloudEvent[WarehouseChanged]]) -> Sequence[Fact]:
    """Take warehouses in."""
    await tx.run(SAVE_WAREHOUSES, _rows(events))
    return ()


async def save_locations(tx: Transaction, events: Sequence[CloudEvent[LocationChanged]]) -> Sequence[Fact]:
    """Take locations in."""
    await tx.run(SAVE_LOCATIONS, _rows(events))
    return ()


def _product(row: Row[Any]) -> Product:
    return Product(
        sku=row.sku, version=row.version, name=row.name, unit=row.unit, tracking=row.tracking,
        life=LifePolicy.model_validate_json(row.life), decimals=decimals_of(row.tracking, row.decimals),
    )  # fmt: skip


async def products(tx: Transaction, skus: Iterable[str]) -> Mapping[str, Product]:
    """Those of the products that are known, by sku."""
    return {row.sku: _product(row) for row in await tx.rows(PRODUCTS_OF, {"keys": list(set(skus))})}


async def locations(tx: Transaction, names: Iterable[str]) -> Mapping[str, Place]:
    """Those of the locations that are known, by name."""
    found = load_records(Place, await tx.rows(LOCATIONS_OF, {"keys": list(set(names))}))
    return {place.location: place for place in found}


async def warehouses(tx: Transaction, names: Iterable[str]) -> Mapping[str, Site]:
    """Those of the warehouses that are known, by name."""
    found = load_records(Site, await tx.rows(WAREHOUSES_OF, {"keys": list(set(names))}))
    return {site.warehouse: site for site in found}


async def days(tx: Transaction) -> dict[str, date]:
    """Which day it is in each warehouse."""
    return {row.warehouse: today(tx.now, row.time_zone) for row in await tx.rows(TIME_ZONES)}


PRODUCTS = (Hears(ProductChanged, save_products, locks=lambda data: (f"product:{data.sku}",)),)
"""The row of a map that keeps the products."""
WAREHOUSES = Hears(WarehouseChanged, save_warehouses, locks=lambda data: (f"warehouse:{data.warehouse}",))
"""The row of a map that keeps the warehouses."""
LOCATIONS = Hears(LocationChanged, save_locations, locks=lambda data: (f"location:{data.location}",))
"""The row of a map that keeps the locations."""
