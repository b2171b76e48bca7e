"""HTTP API of lots: filtered list and details."""

from datetime import date, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path, Query
from sqlalchemy import Row

from services.lots.balances.domain.records import HoldKind
from services.lots.lookup.queries import lots as queries
from services.lots.lookup.queries.search import SORTS, Filters, search, search_sorted
from services.lots.lookup.queries.totals import StockTotals
from shared.contracts.model import KnownFieldsModel
from shared.contracts.problems import Code
from shared.http import (
    ChangedSince,
    ExpiringBefore,
    ExpiringFrom,
    LocationFilter,
    NotFoundError,
    OrderFilter,
    Page,
    PageRequest,
    ProblemError,
    ReadTransaction,
    ReceiptFilter,
    ShipmentFilter,
    SkuFilter,
    SkuPath,
    WarehouseFilter,
    paged_by,
)
from shared.identifiers import SignedQuantity
from shared.inventory.expiry import days_left, is_expired
from shared.inventory.reference_data import today_by_warehouse
from shared.persistence.database import Transaction

router = APIRouter(tags=["lookup"])

LotPath = Annotated[str, Path(description="Lot number in any case; empty for an untracked product.")]
SearchTerm = Annotated[
    str | None, Query(max_length=64, description="Part of the lot number; with fewer than 3 characters, its beginning.")
]


class LotAttributes(KnownFieldsModel):
    """Attributes of a lot."""

    sku: str
    product: str
    unit: str
    lot: str
    expiry: date | None
    manufactured_on: date | None
    best_before: date | None
    first_received_at: datetime
    supplier: str


class LotSummary(LotAttributes):
    """A lot in the list, with its quantities and holds at the filtered location or warehouse, or in total."""

    on_hand: SignedQuantity
    allocated: SignedQuantity
    missing: SignedQuantity
    picked: SignedQuantity
    on_hold: bool


class WarehouseBalance(StockTotals):
    """Quantities of a lot in a warehouse and its remaining shelf life there."""

    warehouse: str
    days_left: int | None
    expired: bool


class LocationBalance(KnownFieldsModel):
    """Quantities of a lot at a location; `version` is that of its last `lot.balances_changed.v1`."""

    location: str
    version: int
    on_hand: SignedQuantity
    available: SignedQuantity
    allocated: SignedQuantity
    held: SignedQuantity
    staged: SignedQuantity
    missing: SignedQuantity


class LotHoldOut(KnownFieldsModel):
    """An open hold on the lot, at one location or at all of them."""

    hold_id: str
    location: str | None
    kind: HoldKind
    reason: str
    owner_role: str
    return_id: str | None
    opened_by: str
    opened_at: datetime


class DateCorrectionOut(KnownFieldsModel):
    """A correction of the lot's dates."""

    previous_expiry: date | None
    expiry: date | None
    previous_manufactured_on: date | None
    manufactured_on: date | None
    previous_best_before: date | None
    best_before: date | None
    reason: str
    actor: str
    recorded_at: datetime


class LotDetail(LotAttributes):
    """A lot with its stock, open holds and date corrections."""

    warehouses: list[WarehouseBalance]
    locations: list[LocationBalance]
    holds: list[LotHoldOut]
    corrections: list[DateCorrectionOut]


@router.get("/lots")
async def list_lots(
    tx: ReadTransaction,
    *,
    q: SearchTerm = None,
    sku: SkuFilter = None,
    expiring_from: ExpiringFrom = None,
    expiring_before: ExpiringBefore = None,
    warehouse: WarehouseFilter = None,
    location: LocationFilter = None,
    order: OrderFilter = None,
    customer: Annotated[str | None, Query(description="Customer to whom the lot was shipped.")] = None,
    shipment: ShipmentFilter = None,
    receipt: ReceiptFilter = None,
    changed_since: ChangedSince = None,
    stocked: Annotated[bool, Query(description="Only lots with stock on hand.")] = False,
    page: Annotated[PageRequest, paged_by(SORTS)],
) -> Page[LotSummary]:
    """List lots by SKU and number or by expiry, with their quantities at the filtered location or warehouse."""
    filters = Filters(
        search_term=q, sku=sku, expiring_from=expiring_from, expiring_before=expiring_before, warehouse=warehouse,
        location=location, order=order, customer=customer, shipment=shipment, receipt=receipt,
        changed_since=changed_since, has_stock=stocked,
    )  # fmt: skip
    if page.order == SORTS.default:
        rows = await search(tx, filters, (page.after[0], page.after[1]) if page.after else ("", ""), page.limit + 1)
    else:
        rows = await search_sorted(tx, filters, page)
    return page.build(rows, lambda row: LotSummary.model_validate(row._asdict()))


@router.get("/lots/{sku}/{lot:optional}")
async def get_lot(tx: ReadTransaction, sku: SkuPath, lot: LotPath) -> LotDetail:
    """Get a lot with its dates, stock, open holds and date corrections."""
    lot_row = await get_lot_row(tx, sku, lot)
    lot = lot_row.lot
    local_dates = await today_by_warehouse(tx)
    warehouses = [
        {
            **row._asdict(),
            "days_left": days_left(lot_row.expiry, day) if lot_row.expiry else None,
            "expired": is_expired(lot_row.expiry, day),
        }
        for row in await queries.find_warehouse_totals(tx, sku, lot)
        for day in (local_dates.get(row.warehouse, tx.now.date()),)
    ]
    sections = {
        "locations": await queries.find_balances(tx, sku, lot),
        "holds": await queries.find_open_holds(tx, sku, lot),
        "corrections": await queries.find_corrections(tx, sku, lot),
    }
    details = {name: [row._asdict() for row in rows] for name, rows in sections.items()}
    return LotDetail.model_validate(lot_row._asdict() | {"warehouses": warehouses} | details)


async def get_lot_row(tx: Transaction, sku: str, lot: str) -> Row[Any]:
    """Return the lot that a lot number fits; raise the error for none or several."""
    found = await queries.find_lot(tx, sku, lot)
    if isinstance(found, Row):
        return found
    if found:
        detail = f"Lot {lot} of {sku} fits lots {', '.join(found)}"
        raise ProblemError(Code.LOT_AMBIGUOUS, detail, ids=[lot], suggested=found)
    detail = f"Lot {lot} of {sku} not found" if lot else f"No stock of {sku} found"
    raise NotFoundError(detail, ids=[lot or sku], code=Code.LOT_NOT_FOUND)
