"""Warranty report: the units with customers, by the end of their warranty."""

from datetime import date, datetime
from typing import Any

from pydantic import Field

from services.serials.lookup.queries.unit import last_sale
from shared.contracts.model import KnownFieldsModel
from shared.http import CustomerFilter, EndingBefore, EndingFrom, SkuFilter
from shared.persistence.sorting import SortKey, SortOrder, Sorts


class WarrantyRow(KnownFieldsModel):
    """Serial warranty: the sold units with a warranty; returned units have none.

    Sorted by its last day only: few requests read all units of another order.
    """

    warranty_ends_on: date = Field(description="last day of the warranty")
    sku: str = Field(description="SKU of the product")
    product: str = Field(description="product name")
    serial: str = Field(description="serial number")
    warranty_starts_on: date = Field(description="first day of the warranty")
    customer: str | None = Field(description="customer who has the unit")
    customer_name: str | None = Field(description="name of the customer at the time of the sale")
    order: str | None = Field(description="order with which it was sold")
    shipment: str | None = Field(description="shipment with which it left")
    shipped_at: datetime = Field(description="time of the sale")


WARRANTY_SORTS = Sorts(
    "warranty_ends_on", warranty_ends_on=[SortKey("warranty_ends_on", "date"), SortKey("sku"), SortKey("serial")]
)


def select_warranties(order: SortOrder) -> str:
    """Write the statement of the warranties."""
    return f"""
    SELECT s.warranty_ends_on, s.sku, coalesce(p.name, '') AS product, s.serial, s.warranty_starts_on, s.customer,
           sale.customer_name, s.order_id AS "order", s.shipment, sale.shipped_at
    FROM (
        SELECT * FROM serial_state
        WHERE (CAST(:sku AS text) IS NULL OR sku = :sku)
          AND (CAST(:customer AS text) IS NULL OR customer = :customer AND shipment IS NOT NULL)
          AND warranty_ends_on >= coalesce(:ending_from, DATE '-infinity')
          AND warranty_ends_on < coalesce(:ending_before, DATE 'infinity')
          AND {order.condition} {order.order_by} LIMIT :size
    ) AS s CROSS JOIN LATERAL ({last_sale("s.id")}) AS sale LEFT JOIN product AS p ON p.sku = s.sku
    {order.by("s.warranty_ends_on", "s.sku", "s.serial")}
    """  # noqa: S608 - the condition is this service's own


def warranty_filters(
    sku: SkuFilter = None,
    customer: CustomerFilter = None,
    ending_from: EndingFrom = None,
    ending_before: EndingBefore = None,
) -> dict[str, Any]:
    """Filters by product, customer and last day."""
    return {"sku": sku, "customer": customer, "ending_from": ending_from, "ending_before": ending_before}
