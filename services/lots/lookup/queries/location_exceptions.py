"""Report of lot stock at locations where it does not belong."""

from typing import Literal

from pydantic import Field

from services.lots.lookup.queries.totals import lot_condition
from shared.contracts.model import KnownFieldsModel
from shared.contracts.reference import LocationType
from shared.identifiers import SignedQuantity
from shared.persistence.sorting import SortKey, SortOrder, Sorts


class LotLocationExceptionRow(KnownFieldsModel):
    """Location exceptions: stock that is where it cannot stay, since a location was retyped or deactivated.

    NOT_PUT_AWAY stock was received at a storage location and needs a putaway, there or elsewhere.
    STORED_OUTSIDE_STORAGE stock is stored at a dock or staging location and is not allocated until it is put away.
    LOCATION_INACTIVE stock is at a deactivated location.
    """

    location: str = Field(description="location, as warehouse/location")
    type: LocationType = Field(description="type of the location")
    exception: Literal["LOCATION_INACTIVE", "NOT_PUT_AWAY", "STORED_OUTSIDE_STORAGE"] = Field(
        description="what is wrong with the location of the stock"
    )
    sku: str = Field(description="SKU of the product")
    lot: str = Field(description="lot number; empty for untracked products")
    quantity: SignedQuantity = Field(description="quantity concerned")


EXCEPTION_SORTS = Sorts("location", location=[SortKey("l.location"), SortKey("b.sku"), SortKey("b.lot")])


def select_exceptions(order: SortOrder) -> str:
    """Write the statement of the exceptions."""
    return f"""
    SELECT l.location, l.type, e.exception, b.sku, b.lot, e.quantity
    FROM location AS l JOIN balance AS b ON b.location = l.location AND b.on_hand > 0
    CROSS JOIN LATERAL (
        SELECT
            CASE WHEN NOT l.is_active THEN 'LOCATION_INACTIVE'
                WHEN l.type = 'STORAGE' THEN 'NOT_PUT_AWAY' ELSE 'STORED_OUTSIDE_STORAGE' END AS exception,
            CASE WHEN NOT l.is_active THEN b.on_hand
                WHEN l.type = 'STORAGE' THEN b.staged ELSE b.on_hand - b.staged END AS quantity
    ) AS e
    WHERE e.quantity > 0 AND (CAST(:sku AS text) IS NULL OR b.sku = :sku)
        AND {lot_condition("b.lot")}
        AND (CAST(:warehouse AS text) IS NULL OR b.warehouse = :warehouse)
        AND {order.after()}
    {order.order_by} LIMIT :size
    """  # noqa: S608 - constant names
