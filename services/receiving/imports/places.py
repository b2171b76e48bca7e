"""Imports of warehouses and locations: each row is a definition, empty cells keep their values."""

from services.receiving.imports.columns import LOCATION, given
from shared.contracts.envelope import Message
from shared.contracts.upstream import LocationDefined, WarehouseDefined
from shared.imports import DEFAULT, Column, Fields, ImportKind, RowSet


def _or_default(row: Fields, name: str) -> str | None:
    return None if row[name] == DEFAULT else row[name]


def build_warehouse(rows: RowSet) -> list[Message]:
    """Build the definition of a warehouse."""
    row = rows.first
    time_zone = {"time_zone": _or_default(row, "time_zone")} if "time_zone" in row else {}
    return [WarehouseDefined.model_validate({**row, **time_zone})]


def build_location(rows: RowSet) -> list[Message]:
    """Build the definition of a location."""
    row = rows.first
    fields = given(location=row.get("location"), type=row.get("type"))
    if "pick_sequence" in row:
        text = _or_default(row, "pick_sequence")
        fields["pick_sequence"] = text and int(text)
    if "is_active" in row:
        text = _or_default(row, "is_active")
        fields["is_active"] = text and text == "true"
    return [LocationDefined.model_validate(fields)]


PLACES = (
    ImportKind(
        "warehouses", "warehouses",
        (
            Column("warehouse", "id of the warehouse", is_required=True),
            Column("name", "name; required for a new warehouse", "text"),
            Column("time_zone", "IANA time zone, such as `Europe/Berlin`", "text", has_default=True),
        ),
        key=("warehouse",), group=(), item="warehouse", build=build_warehouse,
    ),
    ImportKind(
        "locations", "locations",
        (
            LOCATION,
            Column("type", "DOCK, STAGING or STORAGE; required for a new location", "choice"),
            Column("pick_sequence", "order of picking", "integer", has_default=True),
            Column("is_active", "false if nothing is put there", "flag", has_default=True, aliases=("active",)),
        ),
        key=("location",), group=(), item="location", build=build_location,
    ),
)  # fmt: skip
