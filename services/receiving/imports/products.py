"""Import of products: each row is a definition, empty cells keep their values."""

from collections.abc import Sequence
from typing import Any

from services.receiving.imports.columns import SKU
from shared.contracts.envelope import Message
from shared.contracts.upstream import ProductDefined
from shared.imports import DEFAULT, Column, Fields, ImportKind, RowError, RowSet

TRACKING = {"SERIAL": (True, False), "LOT": (False, True), "NONE": (False, False)}
"""Whether a product is serial-tracked and lot-tracked, by its tracking."""
TRACKING_FLAGS = (
    Column("serial_tracked", "true if every unit has a serial number", "flag", has_default=True),
    Column("lot_tracked", "true if it has lots", "flag", has_default=True),
)
DEFINITION = (
    SKU,
    Column("name", "name; required for a new product", "text"),
    Column("unit", "unit of its quantities, by default `each`", "text", has_default=True),
    Column("decimals", "decimals of its quantities", "integer", has_default=True),
    Column(
        "serials_unique_per_product", "true if other products may have its serial numbers", "flag", has_default=True
    ),
    Column("receive_by_carton", "true if one scan receives a carton", "flag", has_default=True),
)  # fmt: skip
SHELF_LIFE = (
    Column("expiry_required", "true if its goods need an expiry date", "flag", has_default=True),
    Column("min_remaining_shelf_life_at_receipt", "days to expiry on arrival", "integer", has_default=True),
    Column("short_shelf_life_policy", "REJECT or HOLD goods with fewer", "choice", has_default=True),
    Column("stop_allocation_days", "days before expiry from which nothing is allocated", "integer", has_default=True),
    Column("expiry_alert_days", "days before expiry of the alerts, such as `90 60 30`", "integers", has_default=True),
    Column("expiry_basis", "EXPIRY, or BEST_BEFORE if that date guards the stock", "choice", has_default=True),
    Column("shelf_life_days", "days from manufacture to expiry", "integer", has_default=True),
)  # fmt: skip
SERIAL_FORMAT = (
    Column(
        "serial_min_length", "minimum length of its serial numbers", "integer", field="serial_format.min_length",
        has_default=True,
    ),
    Column(
        "serial_max_length", "maximum length of its serial numbers", "integer", field="serial_format.max_length",
        has_default=True,
    ),
    Column(
        "serial_characters", "characters of its serial numbers, such as DIGITS", "choice",
        field="serial_format.characters", has_default=True,
    ),
    Column(
        "serial_pattern", "regular expression of its serial numbers", "text", field="serial_format.pattern",
        has_default=True,
    ),
    Column(
        "serial_check_digit", "check digit of its serial numbers: IMEI, GTIN or LUHN", "choice",
        field="serial_format.check_digit", has_default=True,
    ),
)  # fmt: skip
WARRANTY = (
    Column("warranty_months", "months; without them it has none", "integer", field="warranty.months", has_default=True),
    Column("warranty_starts_at", "DISPATCH or LABEL_DATE", "choice", field="warranty.starts_at", has_default=True),
)
BARCODES = (
    Column(
        "barcodes", "barcodes, with a blank between them", "list", aliases=("barcode", "gtin", "ean"),
        field="barcodes.code", has_default=True,
    ),
    Column(
        "barcode_quantities", "units of each of the barcodes, such as `1 12`; by default 1", "integers",
        field="barcodes.quantity",
    ),
    Column(
        "barcode_types", "GTIN or OTHER for each of the barcodes, such as `GTIN GTIN`", "list", field="barcodes.type"
    ),
)  # fmt: skip
CUSTOMERS = (
    Column(
        "shelf_life_customers", "customers that require a remaining shelf life", "list", field="customers.customer",
        has_default=True,
    ),
    Column(
        "customer_shelf_life_days", "days that each of these customers requires, such as `30 60`", "integers",
        field="customers.min_remaining_shelf_life_days",
    ),
)  # fmt: skip


def _value(column: Column, row: Fields) -> Any:
    """Return the value of a column; None returns it to its default."""
    text = row[column.name]
    match column.type:
        case _ if text == DEFAULT and column.has_default:
            return None
        case "integer":
            return int(text)
        case "flag":
            return text == "true"
        case "integers":
            return [int(part) for part in text.split()]
        case _:
            return text


def _values(columns: Sequence[Column], row: Fields) -> dict[str, Any]:
    """Return the given values of columns by the name of their field; empty cells keep their values."""
    return {column.field_name: _value(column, row) for column in columns if column.name in row}


def _entries(row: Fields, names: str, name: str, **parts: str) -> list[dict[str, Any]] | None:
    """Return the entries that a column and the columns of their parts list; None returns to the default."""
    keys = [] if row.get(names) == DEFAULT else row.get(names, "").split()
    entries: list[dict[str, Any]] = [{name: key} for key in keys]
    for part, column in parts.items():
        values = row.get(column, "").split()
        if values and len(values) != len(keys):
            help_text = f"Give one value for each of {names}, with a blank between them."
            raise RowError(f"{len(values)} values for {len(keys)} {names}", help_text, column)
        for entry, value in zip(entries, values, strict=False):
            entry[part] = int(value) if value.isdigit() else value
    return entries or None


def _tracking(row: Fields) -> dict[str, Any]:
    """Return how a product is tracked; its tracking must not contradict the two flags."""
    flags = _values(TRACKING_FLAGS, row)
    if "tracking" not in row:
        return flags
    if row["tracking"] not in TRACKING:
        raise RowError("not a tracking", "Write SERIAL, LOT or NONE.", "tracking")
    stated = dict(zip((column.name for column in TRACKING_FLAGS), TRACKING[row["tracking"]], strict=True))
    if different := [name for name, value in flags.items() if value != stated[name]]:
        raise RowError(f"{row['tracking']} contradicts {different[0]}", "State the tracking once.", "tracking")
    return stated


def build_product(rows: RowSet) -> list[Message]:
    """Build the definition of a product."""
    row = rows.first
    barcodes = _entries(row, "barcodes", "code", quantity="barcode_quantities", type="barcode_types")
    customers = _entries(
        row, "shelf_life_customers", "customer", min_remaining_shelf_life_days="customer_shelf_life_days"
    )
    shelf_life = _values(SHELF_LIFE, row) | ({"customers": customers} if "shelf_life_customers" in row else {})
    serial_format, warranty = _values(SERIAL_FORMAT, row), _values(WARRANTY, row)
    has_no_format = len(serial_format) == len(SERIAL_FORMAT) and not any(serial_format.values())
    has_no_warranty = "months" in warranty and warranty["months"] is None
    groups = {
        "shelf_life": shelf_life, "serial_format": None if has_no_format else serial_format,
        "warranty": None if has_no_warranty else warranty,
    }  # fmt: skip
    fields = {
        **_values(DEFINITION, row),
        **_tracking(row),
        **({"barcodes": barcodes} if "barcodes" in row else {}),
        **{name: group for name, group in groups.items() if group != {}},
    }
    return [ProductDefined.model_validate(fields)]


PRODUCTS = ImportKind(
    "products", "products",
    (
        *DEFINITION,
        Column("tracking", "SERIAL, LOT or NONE, instead of the next two columns", "choice"),
        *TRACKING_FLAGS,
        *BARCODES,
        *SHELF_LIFE,
        *CUSTOMERS,
        *SERIAL_FORMAT,
        *WARRANTY,
    ),
    key=("sku",), group=(), item="sku", build=build_product,
)  # fmt: skip
