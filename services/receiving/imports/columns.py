"""Columns that several imports of receiving have."""

from shared.imports import Column, Fields, ReportColumn

SKU = Column("sku", "SKU of the product", is_required=True, aliases=("item", "article"))
SERIAL = Column(
    "serial", "serial number", is_required=True, aliases=("serial number", "serial no", "sn"), field="serials"
)
LOT = Column("lot", "lot number; empty for an untracked product", aliases=("lot number", "batch"))
LOCATION = Column("location", "location as warehouse/location, such as `EAST/A-01`", is_required=True)
DATES = (
    Column("expiry", "expiry date", "date", aliases=("expiry date", "expires on", "use by")),
    Column("manufactured_on", "manufacturing date", "date", aliases=("manufacturing date", "production date")),
    Column("best_before", "best-before date", "date", aliases=("best before date",)),
)
PRODUCT = ReportColumn("product", "name of the product in our reports", "text")
LABEL = ("lot", *(column.name for column in DATES))
"""Columns of what a label states beside the serial number."""


def given(**fields: object) -> dict[str, object]:
    """Return the given fields: an omitted one keeps its value."""
    return {name: value for name, value in fields.items() if value is not None}


def label_of(row: Fields) -> dict[str, object]:
    """Return lot and dates of a row."""
    return given(**{name: row.get(name) for name in LABEL})
