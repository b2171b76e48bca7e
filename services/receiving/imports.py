"""Imports of receiving: products, warehouses, locations, expected serial numbers and opening stock."""

from collections.abc import Mapping, Sequence

from pydantic import BaseModel
from sqlalchemy import text

from services.receiving.receipts.domain.results import LotScanResult, ScanResult, SerialScanResult
from shared.contracts.commands.receiving import ConfirmSession, ScanItems
from shared.contracts.envelope import Message
from shared.contracts.problems import Code, ProblemDetail
from shared.contracts.upstream import AsnAnnounced, LocationDefined, ProductDefined, WarehouseDefined
from shared.identifiers import warehouse_of
from shared.imports import Column, Fields, ImportKind, RowSet
from shared.persistence import locks
from shared.persistence.database import Transaction

SELECT_PARTS = text("""
    SELECT receipt, max(part) AS part FROM announced_line
    WHERE receipt = ANY(CAST(:receipts AS text[])) GROUP BY receipt
""")
LAST_PART = 100_000
"""Number of parts that each part announces, so that none withdraws another one."""
UNMATCHED_CODES = {
    "DUPLICATE_SERIAL": Code.DUPLICATE_SERIAL,
    "CASE_MISMATCH": Code.SERIAL_CASE_MISMATCH,
    "LOT_CASE_MISMATCH": Code.INVALID_LOT,
    "EXPECTED_ON_OTHER_RECEIPT": Code.SERIAL_EXPECTED_ON_OTHER_RECEIPT,
    "UNEXPECTED": Code.SERIAL_UNEXPECTED,
    "WRONG_PRODUCT": Code.WRONG_PRODUCT,
}


def _integer(value: str | None) -> int | None:
    return None if value is None else int(value)


def _flag(value: str | None) -> bool | None:
    return None if value is None else value == "true"


def _given(**fields: object) -> dict[str, object]:
    """Return the given fields: an omitted one keeps its value."""
    return {name: value for name, value in fields.items() if value is not None}


def build_product(rows: RowSet) -> list[Message]:
    """Build the definition of a product."""
    row = rows.first
    fields = _given(
        sku=row.get("sku"), name=row.get("name"), unit=row.get("unit"), serial_tracked=_flag(row.get("serial_tracked")),
        lot_tracked=_flag(row.get("lot_tracked")), decimals=_integer(row.get("decimals")),
        barcodes=[{"code": code} for code in row["barcodes"].split()] if "barcodes" in row else None,
    )  # fmt: skip
    return [ProductDefined.model_validate(fields)]


def build_warehouse(rows: RowSet) -> list[Message]:
    """Build the definition of a warehouse."""
    return [WarehouseDefined.model_validate(dict(rows.first))]


def build_location(rows: RowSet) -> list[Message]:
    """Build the definition of a location."""
    row = rows.first
    fields = _given(
        location=row.get("location"), type=row.get("type"), pick_sequence=_integer(row.get("pick_sequence")),
        is_active=_flag(row.get("is_active")),
    )  # fmt: skip
    return [LocationDefined.model_validate(fields)]


def build_expected(rows: RowSet) -> list[Message]:
    """Build a part of an ASN."""
    row = rows.first
    lines: dict[tuple[str, str], list[str]] = {}
    for member in rows.rows:
        lines.setdefault((member.get("line", "1"), member.get("sku", "")), []).append(member.get("serial", ""))
    fields = _given(receipt=row.get("receipt"), warehouse=row.get("warehouse"), supplier=row.get("supplier"))
    asn_lines = [
        {"line": line, "sku": sku, "quantity": len(serials), "serials": serials}
        for (line, sku), serials in lines.items()
    ]
    return [AsnAnnounced.model_validate(fields | {"part": rows.part, "parts": LAST_PART, "lines": asn_lines})]


async def find_parts(tx: Transaction, rows: Sequence[Fields]) -> Mapping[str, int]:
    """Find the first free part of each receipt, under its lock."""
    receipts = sorted({row["receipt"] for row in rows})
    await locks.acquire(tx, (f"receipt:{receipt}" for receipt in receipts))
    found = await tx.fetch_all(SELECT_PARTS, {"receipts": receipts})
    return {row.receipt: row.part + 1 for row in found}


def _opening_receipt(rows: RowSet, location: str) -> str:
    return rows.first.get("receipt") or f"{rows.number}-{warehouse_of(location)}"


def _open_and_confirm(rows: RowSet, scan: Mapping[str, object]) -> list[Message]:
    location = rows.first.get("location", "")
    receipt, session = _opening_receipt(rows, location), rows.name()
    header = {"receipt": receipt, "session": session}
    return [
        AsnAnnounced(receipt=receipt, warehouse=warehouse_of(location), kind="OPENING"),
        ScanItems.model_validate({**header, "location": location, "sku": rows.first.get("sku"), **scan}),
        ConfirmSession.model_validate(header),
    ]


def build_opening_serials(rows: RowSet) -> list[Message]:
    """Build the receipt of opening stock of one product, location, lot and dates."""
    dates = {name: rows.first.get(name) for name in ("lot", "expiry", "manufactured_on", "best_before")}
    return _open_and_confirm(rows, _given(**dates, serials=[row.get("serial", "") for row in rows.rows]))


def build_opening_lots(rows: RowSet) -> list[Message]:
    """Build the receipt of opening stock of lots of one product and location."""
    names = ("lot", "quantity", "expiry", "manufactured_on", "best_before")
    return _open_and_confirm(rows, {"lots": [_given(**{name: row.get(name) for name in names}) for row in rows.rows]})


def find_unmatched(body: BaseModel) -> dict[str, ProblemDetail]:
    """Find the scans that became discrepancies."""
    if not isinstance(body, ScanResult):
        return {}
    results: Sequence[SerialScanResult | LotScanResult] = [*body.scan_results, *body.lots]
    problems = {}
    for result in results:
        if code := UNMATCHED_CODES.get(result.status):
            other = f", {result.conflicting_value}" if result.conflicting_value else ""
            detail = f"{result.scanned_value}: {result.status}{other}; recorded as a discrepancy of the receipt"
            problems[result.scanned_value] = ProblemDetail(code=code, detail=detail)
    return problems


SKU = Column("sku", "SKU of the product", is_required=True, aliases=("product", "item", "article"))
SERIAL = Column("serial", "serial number", is_required=True, aliases=("serial number", "serial no", "sn"))
LOCATION = Column("location", "location as warehouse/location, such as `EAST/A-01`", is_required=True)
RECEIPT = Column("receipt", "number of the opening receipt; by default import number and warehouse")
DATES = (
    Column("expiry", "expiry date", "date", aliases=("expiry date", "expires on", "use by")),
    Column("manufactured_on", "manufacturing date", "date", aliases=("manufacturing date", "production date")),
    Column("best_before", "best-before date", "date", aliases=("best before date",)),
)

KINDS = (
    ImportKind(
        "products", "products",
        (
            SKU,
            Column("name", "name; required for a new product", "text"),
            Column("unit", "unit of its quantities, by default `each`", "text"),
            Column("serial_tracked", "true if every unit has a serial number", "flag"),
            Column("lot_tracked", "true if it has lots", "flag"),
            Column("decimals", "decimals of its quantities", "integer"),
            Column("barcodes", "barcodes, with a blank between them", aliases=("barcode", "gtin", "ean")),
        ),
        key=("sku",), group=(), item="sku", build=build_product,
    ),
    ImportKind(
        "warehouses", "warehouses",
        (
            Column("warehouse", "id of the warehouse", is_required=True),
            Column("name", "name; required for a new warehouse", "text"),
            Column("time_zone", "IANA time zone, such as `Europe/Berlin`", "text"),
        ),
        key=("warehouse",), group=(), item="warehouse", build=build_warehouse,
    ),
    ImportKind(
        "locations", "locations",
        (
            LOCATION,
            Column("type", "DOCK, STAGING or STORAGE; required for a new location", "text"),
            Column("pick_sequence", "order of picking", "integer"),
            Column("is_active", "false if nothing is put there", "flag", aliases=("active",)),
        ),
        key=("location",), group=(), item="location", build=build_location,
    ),
    ImportKind(
        "expected-serials", "serial numbers expected on receipts",
        (
            Column("receipt", "number of the receipt (ASN)", is_required=True, aliases=("asn",)),
            Column("warehouse", "id of the warehouse", is_required=True),
            Column("line", "line of the receipt, by default 1"),
            SKU,
            SERIAL,
            Column("supplier", "name of the supplier", "text"),
        ),
        key=("receipt", "serial"), group=("receipt", "warehouse", "supplier"), item="serial", build=build_expected,
        find_parts=find_parts,
    ),
    ImportKind(
        "opening-serials", "opening stock of serial-tracked products",
        (LOCATION, SKU, SERIAL, Column("lot", "lot number"), *DATES, RECEIPT),
        key=("sku", "serial"),
        group=("location", "sku", "lot", "expiry", "manufactured_on", "best_before", "receipt"), item="serial",
        build=build_opening_serials, find_rejected=find_unmatched,
    ),
    ImportKind(
        "opening-lots", "opening stock of lots and of untracked products",
        (
            LOCATION, SKU, Column("lot", "lot number; empty for an untracked product", aliases=("lot number", "batch")),
            Column("quantity", "quantity", "quantity", is_required=True, aliases=("on hand", "qty")), *DATES, RECEIPT,
        ),
        key=("location", "sku", "lot"), group=("location", "sku", "receipt"), item="lot",
        build=build_opening_lots, find_rejected=find_unmatched,
    ),
)  # fmt: skip
