"""Read queries: warehouses and locations, also as files that their imports take back."""

from collections.abc import Sequence
from typing import Annotated, Any

from fastapi import Query
from pydantic import Field
from sqlalchemy import Row, text

from shared.contracts.model import KnownFieldsModel
from shared.contracts.reference import LocationType
from shared.http import Report, WarehouseFilter
from shared.persistence.database import Transaction
from shared.persistence.sorting import SortKey, SortOrder, Sorts

WAREHOUSE_SORTS = Sorts("warehouse", warehouse=[SortKey("warehouse")])
LOCATION_SORTS = Sorts("location", location=[SortKey("location")])
CHANGE_SORTS = Sorts("-version", version=[SortKey("version", "integer")])


def select_warehouses(order: SortOrder) -> str:
    """Write the statement of a page of warehouses."""
    return f"""
SELECT warehouse, version, name, time_zone FROM warehouse
WHERE {order.after()}
  AND (CAST(:search AS text) IS NULL OR strpos(lower(warehouse), lower(:search)) > 0
       OR strpos(lower(name), lower(:search)) > 0)
{order.order_by} LIMIT :size
    """  # noqa: S608 - constant names


SELECT_WAREHOUSE = text("SELECT warehouse, version, name, time_zone FROM warehouse WHERE warehouse = :name")


def select_locations(order: SortOrder) -> str:
    """Write the statement of a page of locations."""
    return f"""
SELECT location, version, type, pick_sequence, is_active FROM location
WHERE {order.after()}
  AND (CAST(:warehouse AS text) IS NULL OR starts_with(location, :warehouse || '/'))
  AND (CAST(:type AS text) IS NULL OR type = :type)
  AND (CAST(:search AS text) IS NULL OR strpos(lower(location), lower(:search)) > 0)
{order.order_by} LIMIT :size
    """  # noqa: S608 - constant names


SELECT_LOCATION = text("SELECT location, version, type, pick_sequence, is_active FROM location WHERE location = :name")


def select_changes(order: SortOrder) -> str:
    """Write the statement of a page of changes."""
    return f"""
SELECT version, changed_at, actor, source, message, before, after FROM location_change
WHERE location = :name AND {order.after()} {order.order_by} LIMIT :size
    """  # noqa: S608 - constant names


async def find_warehouse_or_location(tx: Transaction, name: str) -> Row[Any] | None:
    """Find a warehouse or location; only location ids contain a slash."""
    return next(iter(await tx.fetch_all(SELECT_LOCATION if "/" in name else SELECT_WAREHOUSE, {"name": name})), None)


SELECT_LABELLED_LOCATIONS = text("""
    SELECT location, type FROM location
    WHERE (CAST(:warehouse AS text) IS NULL OR starts_with(location, :warehouse || '/'))
      AND (CAST(:locations AS text[]) IS NULL OR location = ANY(CAST(:locations AS text[])))
      AND (CAST(:type AS text) IS NULL OR type = :type)
    ORDER BY location LIMIT :size
""")


async def find_labelled_locations(
    tx: Transaction, *, warehouse: str | None, locations: Sequence[str] | None, kind: str | None, size: int
) -> Sequence[Row[Any]]:
    """Find the locations of labels."""
    parameters = {"warehouse": warehouse, "locations": locations, "type": kind, "size": size}
    return await tx.fetch_all(SELECT_LABELLED_LOCATIONS, parameters)


class WarehouseRow(KnownFieldsModel):
    """Warehouses, in the columns of their import."""

    warehouse: str = Field(description="id of the warehouse")
    name: str = Field(description="name")
    time_zone: str | None = Field(description="IANA time zone")


class LocationRow(KnownFieldsModel):
    """Locations, in the columns of their import."""

    location: str = Field(description="location, as warehouse/location")
    type: LocationType = Field(description="type of location")
    pick_sequence: int | None = Field(description="order of picking")
    is_active: bool = Field(description="false if nothing is put there")


def warehouse_filters(
    q: Annotated[str | None, Query(description="Part of the identifier or name.")] = None,
) -> dict[str, Any]:
    """Filter by a part of the identifier or name."""
    return {"search": q}


def location_filters(
    warehouse: WarehouseFilter = None,
    kind: Annotated[LocationType | None, Query(alias="type", description="Type of location.")] = None,
    q: Annotated[str | None, Query(description="Part of the location identifier.")] = None,
) -> dict[str, Any]:
    """Filter by warehouse, type and a part of the identifier."""
    return {"warehouse": warehouse, "type": kind, "search": q}


FILES = (
    Report("warehouses", WarehouseRow, WAREHOUSE_SORTS, select_warehouses, warehouse_filters),
    Report("locations", LocationRow, LOCATION_SORTS, select_locations, location_filters),
)
