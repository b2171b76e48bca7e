"""Saved mappings: what the files of a sender are like, by kind of import."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Literal

from pydantic import ConfigDict, Field, StringConstraints
from sqlalchemy import text

from shared.contracts.model import KnownFieldsModel
from shared.imports.files import MAX_COLUMNS, DateFormat, Delimiter, Encoding, FileOptions
from shared.imports.kinds import ImportKind, fold_header
from shared.persistence.database import Transaction
from shared.persistence.sorting import SortKey, SortOrder, Sorts

COLUMNS = "sender, kind, options, changed_at, changed_by"
SORTS = Sorts("sender", sender=[SortKey("sender"), SortKey("kind")])
UPSERT_MAPPING = text(f"""
    INSERT INTO import_mapping ({COLUMNS}) VALUES (:sender, :kind, CAST(:options AS jsonb), :now, :actor)
    ON CONFLICT (sender, kind) DO UPDATE SET options = excluded.options, changed_at = excluded.changed_at,
                                             changed_by = excluded.changed_by
""")  # noqa: S608 - constant names
SELECT_MAPPING = text(f"SELECT {COLUMNS} FROM import_mapping WHERE sender = :sender AND kind = :kind")  # noqa: S608
DELETE_MAPPING = text("DELETE FROM import_mapping WHERE sender = :sender AND kind = :kind")


class HeaderMapping(KnownFieldsModel):
    """A header of a file and the column that it names."""

    header: Annotated[str, StringConstraints(min_length=1, max_length=200)]
    """Header in the files of the sender."""
    column: Annotated[str, StringConstraints(max_length=64)] = ""
    """Column of the import; empty if the header is left out."""


class MappingOptions(KnownFieldsModel):
    """What the files of a sender are like; a parameter of an import takes precedence."""

    model_config = ConfigDict(
        json_schema_extra={
            "example": {"headers": [{"header": "Seriennr", "column": "serial"}], "date_format": "DD.MM.YYYY"}
        }
    )

    headers: Annotated[list[HeaderMapping], Field(max_length=MAX_COLUMNS)] = []
    """Headers with the name of their column, where it differs."""
    encoding: Encoding | None = None
    """Encoding; UTF-8 and UTF-16 with BOM are detected."""
    delimiter: Delimiter | None = None
    """Delimiter of CSV; by default the header decides."""
    date_format: DateFormat | None = None
    """Format of the dates; ISO dates are always accepted."""
    decimal: Literal[".", ","] | None = None
    """Decimal sign of quantities."""
    guard: bool | None = None
    """Whether apostrophes before formula characters are guards of an export."""

    def complete(self, saved: "MappingOptions") -> FileOptions:
        """Return the options of a file: the saved ones where these say nothing."""
        own = {fold_header(entry.header) for entry in self.headers}
        headers = [*self.headers, *(entry for entry in saved.headers if fold_header(entry.header) not in own)]
        return FileOptions(
            encoding=self.encoding or saved.encoding, delimiter=self.delimiter or saved.delimiter,
            date_format=self.date_format or saved.date_format or "YYYY-MM-DD",
            decimal=self.decimal or saved.decimal or ".", guard=saved.guard if self.guard is None else self.guard,
            headers=tuple((entry.header, entry.column) for entry in headers),
        )  # fmt: skip


class ImportMapping(MappingOptions):
    """A saved mapping: what the files of a sender are like."""

    model_config = ConfigDict(json_schema_extra={})

    sender: str
    """Name of the sender of the files."""
    kind: str
    """Kind of import, such as `products`."""
    changed_at: datetime
    """Time of the latest change."""
    changed_by: str
    """User who changed it last."""


def find_faults(kind: ImportKind, options: MappingOptions) -> list[dict[str, str]]:
    """Return what is wrong with the headers of a mapping, as field errors."""
    known = [column.name for column in kind.columns]
    faults = []
    seen: set[str] = set()
    for index, entry in enumerate(options.headers):
        if entry.column and kind.column(entry.column) is None:
            message = f"{entry.column} is no column of {kind.name}; the columns are {', '.join(known)}"
            faults.append({"field": f"headers.{index}.column", "message": message})
        if (folded := fold_header(entry.header)) in seen:
            faults.append({"field": f"headers.{index}.header", "message": f"{entry.header} stands twice"})
        seen.add(folded)
    return faults


def select_mappings(order: SortOrder) -> str:
    """Write the statement of a page."""
    return f"""
        SELECT {COLUMNS} FROM import_mapping
        WHERE {order.condition}
          AND (CAST(:kind AS text) IS NULL OR kind = :kind)
          AND (CAST(:sender AS text) IS NULL OR sender = :sender)
        {order.order_by} LIMIT :size
    """  # noqa: S608 - constant names


def to_mapping(row: Mapping[str, object]) -> ImportMapping:
    """Build a mapping from its row."""
    fields = dict(row)
    options: Mapping[str, object] = fields.pop("options")  # type: ignore[assignment]
    return ImportMapping.model_validate({**fields, **options})


async def find_mapping(tx: Transaction, sender: str, kind: str) -> ImportMapping | None:
    """Find the mapping of a sender for a kind of import."""
    rows: Sequence[object] = await tx.fetch_all(SELECT_MAPPING, {"sender": sender, "kind": kind})
    return next((to_mapping(row._asdict()) for row in rows), None)  # type: ignore[attr-defined]


async def save_mapping(tx: Transaction, sender: str, kind: str, options: MappingOptions, actor: str) -> None:
    """Save the mapping of a sender for a kind of import, in place of an earlier one."""
    values = {"sender": sender, "kind": kind, "now": tx.now, "actor": actor}
    await tx.execute(UPSERT_MAPPING, values | {"options": json.dumps(options.model_dump(mode="json"))})


async def delete_mapping(tx: Transaction, sender: str, kind: str) -> bool:
    """Delete the mapping of a sender; returns whether there was one."""
    return bool(await tx.execute(DELETE_MAPPING, {"sender": sender, "kind": kind}))
