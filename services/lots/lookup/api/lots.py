"""Lots as a list with its filters, and one as a whole."""

from datetime import date, datetime
from typing import Annotated

from fastapi import APIRouter, Path, Query

from services.lots.balances.domain.stock import HoldKind
from services.lots.lookup.queries import lots as queries
from services.lots.lookup.queries.amounts import Amounts
from services.lots.lookup.queries.search import Filters, search
from shared.contracts.model import KnownFieldsModel
from shared.http import (
    Cursor,
    Limit,
    LocationFilter,
    NotFound,
    Page,
    Reading,
    SkuFilter,
    SkuPath,
    WarehouseFilter,
    page,
    parts,
)
from shared.identifiers import Day, Exact
from shared.replica import days
from shared.stock.expiry import days_left, is_expired

router = APIRouter(tags=["lookup"])

LotPath = Annotated[str, Path(description="Lot number, exactly; empty for an untracked product.")]
Part = Annotated[
    str | None, Query(max_length=64, description="Part of the lot number from 3 characters, else its beginning.")
]


class LotAttributes(KnownFieldsModel):
    """What is known of a lot itself."""

    sku: str
    product: str
    unit: str
    lot: str
    expiry: date | None
    manufactured: date | None
    best_before: date | None
    first_received: datetime
    supplier: str


class LotSummary(LotAttributes):
    """A lot as a line of the list."""

    on_hand: Exact
    allocated: Exact
    picked: Exact
    held: bool


class WarehouseBalance(Amounts):
    """How much there is of a lot in a warehouse, and how long it is good there."""

    warehouse: str
    days_left: int | None
    expired: bool


class LocationBalance(KnownFieldsModel):
    """How much of a lot lies at a place."""

    location: str
    on_hand: Exact
    free: Exact
    allocated: Exact
    held: Exact
    staged: Exact


class LotHoldOut(KnownFieldsModel):
    """A hold that is open on the lot, everywhere or at one place."""

    hold: str
    location: str | None
    kind: HoldKind
    reason: str
    role: str
    return_id: str | None
    opened_by: str
    opened_at: datetime


class DateCorrectionOut(KnownFieldsModel):
    """That the dates of the lot were others before, and who said so why."""

    expiry_before: date | None
    expiry: date | None
    manufactured_before: date | None
    manufactured: date | None
    best_before_before: date | None
    best_before: date | None
    reason: str
    actor: str
    recorded_at: datetime


class LotDetail(LotAttributes):
    """Everything that is known of a lot; its movements are a report."""

    warehouses: list[WarehouseBalance]
    places: list[LocationBalance]
    holds: list[LotHoldOut]
    corrections: list[DateCorrectionOut]


@router.get("/lots")
async def list_lots(
    tx: Reading,
    *,
    q: Part = None,
    sku: SkuFilter = None,
    expiring_before: Annotated[Day | None, Query(description="Expiring before this day.")] = None,
    warehouse: WarehouseFilter = None,
    location: LocationFilter = None,
    stocked: Annotated[bool, Query(description="Only lots with stock on hand.")] = False,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> Page[LotSummary]:
    """Lots in order of SKU and lot number."""
    after = parts(cursor, str, str) or ("", "")
    filters = Filters(
        part=q, sku=sku, before=expiring_before, warehouse=warehouse, location=location, stocked=stocked,
    )  # fmt: skip
    found = await search(tx, filters, (after[0], after[1]), limit + 1)
    return page(found, limit, lambda row: LotSummary.model_validate(row._asdict()), lambda row: (row.sku, row.lot))


@router.get("/lots/{sku}/{lot:optional}")
async def get_lot(tx: Reading, sku: SkuPath, lot: LotPath) -> LotDetail:
    """A lot with its dates, balances, holds and earlier dates."""
    found = await queries.one(tx, sku, lot)
    if found is None:
        raise unknown(sku, lot)
    today = await days(tx)
    warehouses = [
        {
            **row._asdict(),
            "days_left": days_left(found.expiry, day) if found.expiry else None,
            "expired": is_expired(found.expiry, day),
        }
        for row in await queries.by_warehouse(tx, sku, lot)
        for day in (today.get(row.warehouse, tx.now.date()),)
    ]
    rest = {
        "places": await queries.lying(tx, sku, lot),
        "holds": await queries.holds(tx, sku, lot),
        "corrections": await queries.corrections(tx, sku, lot),
    }
    shown = {name: [row._asdict() for row in rows] for name, rows in rest.items()}
    return LotDetail.model_validate(found._asdict() | {"warehouses": warehouses} | shown)


def unknown(sku: str, lot: str) -> NotFound:
    """Say that there is no such lot."""
    return NotFound(f"no lot {lot!r} of {sku} is known" if lot else f"no stock of {sku} is known", ids=[lot or sku])
