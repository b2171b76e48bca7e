"""Imports of opening stock: serial numbers and lots are scanned on an opening receipt and confirmed."""

from collections.abc import Mapping, Sequence

from pydantic import BaseModel

from services.receiving.imports.columns import DATES, LABEL, LOCATION, LOT, PRODUCT, SERIAL, SKU, given, label_of
from services.receiving.receipts.domain.results import LotScanResult, ScanResult, SerialScanResult
from shared.contracts.commands.receiving import ConfirmSession, ScanItems
from shared.contracts.envelope import Message
from shared.contracts.problems import Code, ProblemDetail
from shared.contracts.upstream import AsnAnnounced
from shared.identifiers import warehouse_of
from shared.imports import Column, ImportKind, ReportColumn, RowSet

UNMATCHED_CODES = {
    "DUPLICATE_SERIAL": Code.DUPLICATE_SERIAL,
    "CASE_MISMATCH": Code.SERIAL_CASE_MISMATCH,
    "LOT_CASE_MISMATCH": Code.INVALID_LOT,
    "EXPECTED_ON_OTHER_RECEIPT": Code.SERIAL_EXPECTED_ON_OTHER_RECEIPT,
    "UNEXPECTED": Code.SERIAL_UNEXPECTED,
    "WRONG_PRODUCT": Code.WRONG_PRODUCT,
    "OVER": Code.TOO_MANY_UNITS,
    "NOT_AS_ANNOUNCED": Code.LOT_DATES_MISMATCH,
}
OMITTED = {
    "expected_at": "the stock is here", "kind": "always OPENING", "part": "nothing is announced",
    "parts": "nothing is announced", "lines": "nothing is announced", "session": "named by the import",
    "barcode": "the SKU names the product", "gtin": "there is no scanned label", "ranges": "a row names one item",
    "units": "counted by the import", "quantity": "counted by the import", "scans": "a row names one item",
    "cartons": "nothing is announced",
}  # fmt: skip
CORRECTION = "The stock is received: correct it by a count, an adjustment, or a correction of its lot or expiry date."
RECEIPT = Column("receipt", "number of the opening receipt; by default import number and warehouse")
SUPPLIER = Column("supplier", "name of the supplier", "text")

HELD_OR_USED = "Empty the cell to import it as free stock; then place its hold, or enter its order, again."
LOCATION_REPORT = (
    ReportColumn("status", "status", "text", harmless=frozenset({"received", "in_inventory"}), help=HELD_OR_USED),
    ReportColumn("on_hold", "whether it is on hold", "text", harmless=frozenset({"false"}), help=HELD_OR_USED),
    ReportColumn("received_at", "time of its receipt", "text"),
    ReportColumn("order", "order that it is for", "text", harmless=frozenset({""}), help=HELD_OR_USED),
)
"""Further columns of the report serial-location."""
MIXED_REPORT = (
    PRODUCT,
    ReportColumn("warehouse", "warehouse of the location", "text"),
    ReportColumn("allocated", "quantity for orders", "text", harmless=frozenset({"0"}), help=HELD_OR_USED),
)
"""Further columns of the list mixed-locations."""


def _open_and_confirm(rows: RowSet, scan: Mapping[str, object]) -> list[Message]:
    row = rows.first
    location = row.get("location", "")
    receipt, session = row.get("receipt") or f"{rows.number}-{warehouse_of(location)}", rows.name()
    header = {"receipt": receipt, "session": session}
    opening = {"receipt": receipt, "warehouse": warehouse_of(location), "kind": "OPENING"}
    return [
        AsnAnnounced.model_validate(opening | given(supplier=row.get("supplier"))),
        ScanItems.model_validate({**header, "location": location, "sku": row.get("sku"), **scan}),
        ConfirmSession.model_validate(header),
    ]


def build_opening_serials(rows: RowSet) -> list[Message]:
    """Build the receipt of opening stock of one product, location, lot and dates."""
    return _open_and_confirm(rows, label_of(rows.first) | {"serials": [row.get("serial", "") for row in rows.rows]})


def build_opening_lots(rows: RowSet) -> list[Message]:
    """Build the receipt of opening stock of lots of one product and location."""
    lots = [label_of(row) | given(quantity=row.get("quantity")) for row in rows.rows]
    return _open_and_confirm(rows, {"lots": lots})


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


OPENING_STOCK = (
    ImportKind(
        "opening-serials", "opening stock of serial-tracked products",
        (LOCATION, SKU, SERIAL, Column("lot", "lot number", aliases=LOT.aliases), *DATES, RECEIPT, SUPPLIER),
        key=("sku", "serial"), group=("location", "sku", *LABEL, "receipt", "supplier"), item="serial",
        build=build_opening_serials, find_rejected=find_unmatched, correction=CORRECTION,
        reported=LOCATION_REPORT, omitted=OMITTED | {"lots": "see opening-lots"},
    ),
    ImportKind(
        "opening-lots", "opening stock of lots and of untracked products",
        (
            LOCATION, SKU, LOT,
            Column("quantity", "quantity", "quantity", is_required=True, aliases=("on hand", "qty")), *DATES, RECEIPT,
            SUPPLIER,
        ),
        key=("location", "sku", "lot"), group=("location", "sku", "receipt", "supplier"), item="lot",
        build=build_opening_lots, find_rejected=find_unmatched, correction=CORRECTION, is_remembered=True,
        reported=MIXED_REPORT,
        omitted=OMITTED | {"serials": "see opening-serials"} | dict.fromkeys(LABEL, "stated by lot"),
    ),
)  # fmt: skip
