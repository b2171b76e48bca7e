"""Products as files, in the columns that their import takes back."""

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

from fastapi import Query
from pydantic import Field

from services.receiving.products.queries.products import SORTS, select_products
from shared.contracts.model import KnownFieldsModel
from shared.contracts.reference import Tracking
from shared.http import Report
from shared.persistence.sorting import SortOrder


class ProductRow(KnownFieldsModel):
    """Products, in the columns of their import."""

    sku: str = Field(description="SKU of the product")
    name: str = Field(description="name")
    unit: str = Field(description="unit of its quantities")
    decimals: int = Field(description="decimals of its quantities")
    serials_unique_per_product: bool = Field(description="true if other products may have its serial numbers")
    tracking: Tracking = Field(description="SERIAL, LOT or NONE")
    barcodes: str | None = Field(description="barcodes, with a blank between them")
    barcode_quantities: str | None = Field(description="units of each of the barcodes")
    expiry_required: str | None = Field(description="true if its goods need an expiry date")
    min_remaining_shelf_life_at_receipt: str | None = Field(description="days to expiry on arrival")
    short_shelf_life_policy: str | None = Field(description="REJECT or HOLD goods with fewer")
    stop_allocation_days: str | None = Field(description="days before expiry from which nothing is allocated")
    expiry_alert_days: str | None = Field(description="days before expiry of the alerts")
    expiry_basis: str | None = Field(description="EXPIRY or BEST_BEFORE")
    shelf_life_days: str | None = Field(description="days from manufacture to expiry")
    shelf_life_customers: str | None = Field(description="customers that require a remaining shelf life")
    customer_shelf_life_days: str | None = Field(description="days that each of these customers requires")
    serial_min_length: str | None = Field(description="minimum length of its serial numbers")
    serial_max_length: str | None = Field(description="maximum length of its serial numbers")
    serial_characters: str | None = Field(description="characters of its serial numbers")
    serial_pattern: str | None = Field(description="regular expression of its serial numbers")
    serial_check_digit: str | None = Field(description="check digit of its serial numbers")
    warranty_months: str | None = Field(description="months of its warranty")
    warranty_starts_at: str | None = Field(description="DISPATCH or LABEL_DATE")


PLAIN = ("sku", "name", "unit", "decimals", "serials_unique_per_product", "tracking")
FIELDS: Mapping[str, Sequence[tuple[str, str]]] = {
    "shelf_life": [
        (name, name)
        for name in (
            "expiry_required", "min_remaining_shelf_life_at_receipt", "short_shelf_life_policy", "stop_allocation_days",
            "expiry_basis", "shelf_life_days",
        )
    ],
    "serial_format": [
        (f"serial_{name}", name) for name in ("min_length", "max_length", "characters", "pattern", "check_digit")
    ],
    "warranty": [("warranty_months", "months"), ("warranty_starts_at", "starts_at")],
}  # fmt: skip
"""Columns and fields of the stored documents of a product."""
LISTS = {
    "barcodes": ("barcodes", "value ->> 'code'"),
    "barcode_quantities": ("barcodes", "value ->> 'quantity'"),
    "expiry_alert_days": ("shelf_life -> 'expiry_alert_days'", "value #>> '{}'"),
    "shelf_life_customers": ("shelf_life -> 'customers'", "value ->> 'customer'"),
    "customer_shelf_life_days": ("shelf_life -> 'customers'", "value ->> 'min_remaining_shelf_life_days'"),
}
"""Columns of lists: where their entries are stored, and what of an entry they show."""


def select_product_files(order: SortOrder) -> str:
    """Write the statement of the products with their documents as columns."""
    fields = [f"{document} ->> '{name}' AS {column}" for document, names in FIELDS.items() for column, name in names]
    lists = [
        f"(SELECT string_agg({value}, ' ' ORDER BY ordinality) "  # noqa: S608 - constant names
        f"FROM jsonb_array_elements(CASE jsonb_typeof({source}) WHEN 'array' THEN {source} END) WITH ORDINALITY) "
        f"AS {column}"
        for column, (source, value) in LISTS.items()
    ]
    names = ", ".join((*PLAIN, *fields, *lists))
    return f"SELECT {names} FROM ({select_products(order)}) AS product"  # noqa: S608 - constant names


def product_filters(
    q: Annotated[str | None, Query(description="Part of the SKU or name, or a complete barcode.")] = None,
    tracking: Annotated[Tracking | None, Query(description="How the product is tracked.")] = None,
) -> dict[str, Any]:
    """Filter by a part of the SKU or name, a barcode, and tracking."""
    return {"search": q, "tracking": tracking}


FILES = (Report("products", ProductRow, SORTS, select_product_files, product_filters),)
