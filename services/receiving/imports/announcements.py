"""Imports of what receipts expect: serial numbers, and quantities with their lots; each set of rows is a part."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from sqlalchemy import text

from services.receiving.imports.columns import DATES, LOT, SERIAL, SKU, given, label_of
from shared.contracts.envelope import Message
from shared.contracts.upstream import AsnAnnounced
from shared.imports import Column, Fields, ImportKind, RowSet
from shared.persistence import locks
from shared.persistence.database import Transaction

SELECT_PARTS = text("""
    SELECT receipt, max(part) AS part FROM announced_line
    WHERE receipt = ANY(CAST(:receipts AS text[])) GROUP BY receipt
""")
LAST_PART = 100_000
"""Number of parts that each part announces, so that none withdraws another one."""
HEADER = ("receipt", "warehouse", "supplier", "expected_at")
OMITTED = {
    "kind": "always ASN", "part": "counted by the import", "parts": "counted by the import",
    "lines.ranges": "a row names one serial number", "cartons": "announce them by asn.announced",
}  # fmt: skip


async def find_parts(tx: Transaction, rows: Sequence[Fields]) -> Mapping[str, int]:
    """Find the first free part of each receipt, under its lock."""
    receipts = sorted({row["receipt"] for row in rows})
    await locks.acquire(tx, (f"receipt:{receipt}" for receipt in receipts))
    found = await tx.fetch_all(SELECT_PARTS, {"receipts": receipts})
    return {row.receipt: row.part + 1 for row in found}


def _build_part(rows: RowSet, lines: Mapping[tuple[str, str], dict[str, Any]]) -> list[Message]:
    header = given(**{name: rows.first.get(name) for name in HEADER})
    asn_lines = [{"line": line, "sku": sku, **content} for (line, sku), content in lines.items()]
    return [AsnAnnounced.model_validate(header | {"part": rows.part, "parts": LAST_PART, "lines": asn_lines})]


def _by_line(rows: RowSet) -> dict[tuple[str, str], list[Fields]]:
    lines: dict[tuple[str, str], list[Fields]] = {}
    for row in rows.rows:
        lines.setdefault((row.get("line", "1"), row.get("sku", "")), []).append(row)
    return lines


def build_expected_serials(rows: RowSet) -> list[Message]:
    """Build a part of an ASN that lists serial numbers, with the lots and dates of their labels."""
    return _build_part(rows, {key: _serials_of(members) for key, members in _by_line(rows).items()})


def _serials_of(rows: Sequence[Fields]) -> dict[str, Any]:
    by_label: dict[tuple[tuple[str, object], ...], list[str]] = {}
    for row in rows:
        by_label.setdefault(tuple(label_of(row).items()), []).append(row.get("serial", ""))
    lots = [{**dict(label), "serials": serials} for label, serials in by_label.items() if label]
    serials = [row.get("serial", "") for row in rows]
    return {"quantity": len(rows), "serials": serials, "lots": lots}


def build_expected_lots(rows: RowSet) -> list[Message]:
    """Build a part of an ASN that states quantities, with the lots and dates of their labels."""
    return _build_part(rows, {key: _lots_of(members) for key, members in _by_line(rows).items()})


def _lots_of(rows: Sequence[Fields]) -> dict[str, Any]:
    quantity = str(sum(Decimal(row.get("quantity", "0")) for row in rows))
    lots = [{**label_of(row), "quantity": row.get("quantity")} for row in rows if label_of(row)]
    return {"quantity": quantity, "lots": lots}


RECEIPT = Column("receipt", "number of the receipt (ASN)", is_required=True, aliases=("asn",))
WAREHOUSE = Column("warehouse", "id of the warehouse", is_required=True)
ARRIVAL = (
    Column("supplier", "name of the supplier", "text"),
    Column("expected_at", "time of arrival with its offset, such as `2027-03-31T08:00:00+02:00`", "text"),
)

ANNOUNCEMENTS = (
    ImportKind(
        "expected-serials", "serial numbers expected on receipts",
        (
            RECEIPT, WAREHOUSE, Column("line", "line of the receipt, by default 1"), SKU, SERIAL,
            Column("lot", "lot number", aliases=LOT.aliases), *DATES, *ARRIVAL,
        ),
        key=("receipt", "serial"), group=HEADER, item="serial", build=build_expected_serials, find_parts=find_parts,
        omitted=OMITTED | dict.fromkeys(("lines.quantity", "lines.lots.quantity"), "the number of its serial numbers"),
    ),
    ImportKind(
        "expected-lots", "quantities and lots expected on receipts",
        (
            RECEIPT, WAREHOUSE, Column("line", "line of the receipt, by default 1", default="1"), SKU,
            Column("lot", "lot number; empty if only the quantity is known", aliases=LOT.aliases),
            Column("quantity", "quantity", "quantity", is_required=True, aliases=("qty",)), *DATES, *ARRIVAL,
        ),
        key=("receipt", "line", "sku", "lot"), group=HEADER, item="lot", build=build_expected_lots,
        find_parts=find_parts,
        omitted=OMITTED | {"lines.serials": "see expected-serials", "lines.lots.serials": "see expected-serials"},
    ),
)  # fmt: skip
