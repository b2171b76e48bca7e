"""Lots as a list with its filters, and one as a whole. The query names a lot: its number may be anything."""

from datetime import date, datetime
from typing import Annotated

from fastapi import APIRouter, Query

from services.lots.balances.domain.stock import HoldKind
from services.lots.lookup.queries import lots as queries
from services.lots.lookup.queries.amounts import Amounts
from services.lots.lookup.queries.search import Filters, search
from shared.contracts.model import KnownFieldsModel
from shared.http import Limit, NotFound, Page, Reading, page, parts
from shared.identifiers import Day, Exact
from shared.replica import days
from shared.stock.expiry import days_left, is_expired

router = APIRouter(tags=["lookup"])

Product = Annotated[str, Query(description="the product's sku")]
Number = Annotated[str, Query(description="the lot number, verbatim; empty for an untracked product")]
Part = Annotated[
    str | None, Query(max_length=64, description="part of a lot number from 3 characters, else its beginning")
]


class LotFacts(KnownFieldsModel):
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


class LotLine(LotFacts):
    """A lot as a line of the list."""

    on_hand: Exact
    allocated: Exact
    picked: Exact
    held: bool


class InWarehouse(Amounts):
    """How much there is of a lot in a warehouse, and how long it is good there."""

    warehouse: str
    days_left: int | None
    expired: bool


class AtPlace(KnownFieldsModel):
    """How much of a lot lies at a place."""

    location: str
    on_hand: Exact
    free: Exact
    allocated: Exact
    held: Exact
    staged: Exact


class OnHold(KnownFieldsModel):
    """A hold that is open on the lot, everywhere or at one place."""

    hold: str
    location: str | None
    kind: HoldKind
    reason: str
    role: str
    return_id: str | None
    opened_by: str
    opened_at: datetime


class Corrected(KnownFieldsModel):
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


class WholeLot(LotFacts):
    """Everything that is known of a lot; its movements are a report."""

    warehouses: list[InWarehouse]
    places: list[AtPlace]
    holds: list[OnHold]
    corrections: list[Corrected]


@router.get("/lots")
async def lots(
    tx: Reading,
    *,
    q: Part = None,
    product: str | None = None,
    expiring_before: Day | None = None,
    warehouse: str | None = None,
    location: str | None = None,
    stocked: Annotated[bool, Query(description="only those of which something is on hand")] = False,
    cursor: str | None = None,
    limit: Limit = 50,
) -> Page[LotLine]:
    """Lots by product and number: part of a number, what expires before a day, what lies where."""
    after = parts(cursor, str, str) or ("", "")
    filters = Filters(
        part=q, sku=product, before=expiring_before, warehouse=warehouse, location=location, stocked=stocked,
    )  # fmt: skip
    found = await search(tx, filters, (after[0], after[1]), limit + 1)
    return page(found, limit, lambda row: LotLine.model_validate(row._asdict()), lambda row: (row.sku, row.lot))


@router.get("/lot")
async def one(tx: Reading, product: Product, lot: Number = "") -> WholeLot:
    """A lot with its dates, how much of it is where, its holds, and what its dates were before."""
    found = await queries.one(tx, product, lot)
    if found is None:
        raise unknown(product, lot)
    today = await days(tx)
    warehouses = [
        {
            **row._asdict(),
            "days_left": days_left(found.expiry, day) if found.expiry else None,
            "expired": is_expired(found.expiry, day),
        }
        for row in await queries.by_warehouse(tx, product, lot)
        for day in (today.get(row.warehouse, tx.now.date()),)
    ]
    rest = {
        "places": await queries.lying(tx, product, lot),
        "holds": await queries.holds(tx, product, lot),
        "corrections": await queries.corrections(tx, product, lot),
    }
    shown = {name: [row._asdict() for row in rows] for name, rows in rest.items()}
    return WholeLot.model_validate(found._asdict() | {"warehouses": warehouses} | shown)


def unknown(sku: str, lot: str) -> NotFound:
    """Say that there is no such lot."""
    return NotFound(f"no lot {lot!r} of {sku} is known" if lot else f"no stock of {sku} is known", ids=[lot or sku])
