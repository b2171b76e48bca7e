"""HTTP API of discrepancies."""

from datetime import date, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from sqlalchemy import Row

from services.receiving.receipts import queries
from services.receiving.receipts.api.receipts import ReceiptPath, get_receipt_or_404
from services.receiving.receipts.domain.offered_resolutions import DiscrepancyState, offered_resolutions
from shared.contracts.model import KnownFieldsModel
from shared.contracts.problems import Code
from shared.contracts.product_attributes import ExpirySource
from shared.contracts.receiving import DiscrepancyKind, Resolution, SupervisorResolution
from shared.http import NotFoundError, OpenFilter, Page, PageRequest, ReadTransaction, SkuFilter, paged_by
from shared.identifiers import SignedQuantity

router = APIRouter(tags=["discrepancies"])


class DiscrepancyOut(KnownFieldsModel):
    """A difference between expected and scanned items.

    `conflicting_value` is the existing serial number or lot, the other product or the other receipt. Closing a receipt
    decides its shortages with ACCEPT, rejecting goods on arrival decides their discrepancy with REJECT.
    `allowed_resolutions` lists what would be accepted now: MATCH if the receipt expects a unit, ACCEPT if that of the
    scan is not registered. It is empty once the discrepancy is resolved; a REJECT can be voided until the closing.
    """

    discrepancy: str
    receipt: str
    session: str | None
    kind: DiscrepancyKind
    line: str | None
    sku: str
    serials: list[str]
    lot: str | None
    expiry: date | None
    manufactured_on: date | None
    expiry_source: ExpirySource | None
    scan: str | None
    """Text as the scanner sent it; null if the number was typed."""
    quantity: SignedQuantity
    location: str | None
    conflicting_value: str | None
    found_at: datetime
    found_by: str
    resolution: Resolution | None
    matched_serial: str | None
    reason: str
    resolved_at: datetime | None
    resolved_by: str | None
    inferred_from: str | None
    allowed_resolutions: list[SupervisorResolution]


def _to_discrepancy_out(row: Row[Any]) -> DiscrepancyOut:
    state = DiscrepancyState(
        row.kind, row.scan_id, row.resolution, row.receipt_status, row.unit_status, row.expects_units
    )
    resolutions = sorted(offered_resolutions(state))
    serials = [row.serial] if row.serial else row.missing_serials
    return DiscrepancyOut.model_validate(row._asdict() | {"serials": serials, "allowed_resolutions": resolutions})


@router.get("/receipts/{receipt}/discrepancies")
async def list_receipt_discrepancies(
    tx: ReadTransaction,
    receipt: ReceiptPath,
    *,
    open: OpenFilter = None,  # noqa: A002 - the name of the parameter
    page: Annotated[PageRequest, paged_by(queries.DISCREPANCY_SORTS)],
) -> Page[DiscrepancyOut]:
    """List the discrepancies of a receipt, oldest first."""
    await get_receipt_or_404(tx, receipt)
    filters = {"receipt": receipt, "kind": None, "sku": None, "open": open}
    return page.build(await page.fetch(tx, queries.select_discrepancies, filters), _to_discrepancy_out)


@router.get("/discrepancies")
async def list_discrepancies(
    tx: ReadTransaction,
    *,
    receipt: Annotated[str | None, Query(description="Receipt number.")] = None,
    kind: Annotated[DiscrepancyKind | None, Query(description="Kind of discrepancy.")] = None,
    sku: SkuFilter = None,
    open: OpenFilter = None,  # noqa: A002 - the name of the parameter
    page: Annotated[PageRequest, paged_by(queries.DISCREPANCY_SORTS)],
) -> Page[DiscrepancyOut]:
    """List the discrepancies of all receipts, oldest first."""
    filters = {"receipt": receipt, "kind": kind, "sku": sku, "open": open}
    return page.build(await page.fetch(tx, queries.select_discrepancies, filters), _to_discrepancy_out)


@router.get("/discrepancies/{discrepancy}")
async def get_discrepancy(
    tx: ReadTransaction, discrepancy: Annotated[str, Path(description="Id of the discrepancy.")]
) -> DiscrepancyOut:
    """Get a discrepancy with its allowed resolutions."""
    found = await queries.find_discrepancy(tx, discrepancy)
    if found is None:
        raise NotFoundError(f"Discrepancy {discrepancy} not found", ids=[discrepancy], code=Code.DISCREPANCY_NOT_FOUND)
    return _to_discrepancy_out(found)
