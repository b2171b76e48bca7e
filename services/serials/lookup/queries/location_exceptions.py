"""Report of units at locations where they do not belong."""

from typing import Literal

from pydantic import Field

from shared.contracts.model import KnownFieldsModel
from shared.contracts.reference import LocationType
from shared.persistence.sorting import SortKey, SortOrder, Sorts


class UnitLocationExceptionRow(KnownFieldsModel):
    """Location exceptions: units that are where they cannot stay, since a location was retyped or deactivated.

    NOT_PUT_AWAY units were received at a storage location and need a putaway, there or elsewhere.
    STORED_OUTSIDE_STORAGE units are stored at a dock or staging location and are not allocated until they are moved.
    LOCATION_INACTIVE units are at a deactivated location. Sorted by location only: no index has the exceptions.
    """

    location: str = Field(description="location, as warehouse/location")
    type: LocationType = Field(description="type of the location")
    exception: Literal["LOCATION_INACTIVE", "NOT_PUT_AWAY", "STORED_OUTSIDE_STORAGE"] = Field(
        description="what is wrong with the location of the units"
    )
    sku: str = Field(description="SKU of the product")
    units: int = Field(description="number of units")


EXCEPTION_SORTS = Sorts("location", location=[SortKey("location"), SortKey("exception"), SortKey("sku")])


# Docks, staging and deactivated locations are read by location, received units by status.
def select_exceptions(order: SortOrder) -> str:
    """Write the statement of the exceptions."""
    return f"""
    SELECT location, type, exception, sku, count(*) AS units FROM (
        SELECT l.location, l.type, s.sku,
            CASE WHEN l.is_active THEN 'STORED_OUTSIDE_STORAGE' ELSE 'LOCATION_INACTIVE' END AS exception
        FROM location AS l JOIN serial_state AS s
            ON s.warehouse = split_part(l.location, '/', 1) AND s.location = l.location AND s.adjustment IS NULL
        WHERE (l.type <> 'STORAGE' OR NOT l.is_active)
            AND (NOT l.is_active OR s.status IN ('IN_INVENTORY', 'ALLOCATED'))
        UNION ALL
        SELECT l.location, l.type, s.sku, 'NOT_PUT_AWAY'
        FROM serial_state AS s JOIN location AS l USING (location)
        WHERE s.status = 'RECEIVED' AND s.adjustment IS NULL AND l.type = 'STORAGE' AND l.is_active
    ) AS units
    WHERE (CAST(:sku AS text) IS NULL OR sku = :sku)
        AND (CAST(:warehouse AS text) IS NULL OR starts_with(location, :warehouse || '/'))
        AND {order.after()}
    GROUP BY location, type, exception, sku {order.order_by} LIMIT :size
    """  # noqa: S608 - constant names
