"""Customer returns over HTTP, to look at."""

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path
from sqlalchemy import Row

from services.receiving.returns import queries
from shared.contracts.model import KnownFieldsModel
from shared.database import Transaction
from shared.http import Cursor, CustomerFilter, Limit, NotFound, OrderFilter, Page, Reading, page, parts
from shared.identifiers import Exact

router = APIRouter(tags=["returns"])
LOTS = 500
ReturnPath = Annotated[str, Path(description="Customer return.")]
Disposition = Literal["RESTOCK", "SCRAP", "SEND_BACK"]


class ReturnSummary(KnownFieldsModel):
    """Goods of one order that its customer sent back; `hold` is what they are held under."""

    return_id: str
    order: str
    customer: str
    hold: str
    at: datetime
    actor: str


class ReturnUnitOut(KnownFieldsModel):
    """A returned unit, and what was decided."""

    sku: str
    serial: str
    location: str
    reason: str
    at: datetime
    actor: str
    disposition: Disposition | None
    disposed_reason: str | None
    disposed_at: datetime | None
    disposed_by: str | None


class LotDispositionOut(KnownFieldsModel):
    """What was decided on a part of a returned quantity."""

    quantity: Exact
    disposition: Disposition
    reason: str
    at: datetime
    actor: str


class ReturnLotOut(KnownFieldsModel):
    """So much of a lot that came back, and what was decided on it."""

    sku: str
    lot: str
    location: str
    quantity: Exact
    undecided: Exact
    reason: str
    at: datetime
    actor: str
    dispositions: list[LotDispositionOut]


class ReturnDetail(ReturnSummary):
    """A return with its units, and the first 500 of its lots."""

    units: Page[ReturnUnitOut]
    lots: list[ReturnLotOut]


@router.get("/returns")
async def list_returns(
    tx: Reading,
    *,
    order: OrderFilter = None,
    customer: CustomerFilter = None,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> Page[ReturnSummary]:
    """Customer returns in order of their numbers."""
    (after,) = parts(cursor, str) or ("",)
    found = await queries.listed(tx, order=order, customer=customer, after=after, size=limit + 1)
    return page(found, limit, lambda row: ReturnSummary.model_validate(row._asdict()), lambda row: (row.return_id,))


@router.get("/returns/{return_id}/lots")
async def list_return_lots(
    tx: Reading, return_id: ReturnPath, cursor: Cursor = None, limit: Limit = 100
) -> Page[ReturnLotOut]:
    """Lots of a customer return."""
    await _head(tx, return_id)
    sku, lot, location = parts(cursor, str, str, str) or ("", "", "")
    rows = await queries.lots(tx, return_id=return_id, sku=sku, lot=lot, location=location, size=limit + 1)
    return page(rows, limit, _lot, lambda row: (row.sku, row.lot, row.location))


def _lot(row: Row[Any]) -> ReturnLotOut:
    return ReturnLotOut.model_validate(row._asdict())


async def _head(tx: Transaction, return_id: str) -> Row[Any]:
    found = await queries.one(tx, return_id)
    if found is None:
        raise NotFound(f"there is no return {return_id}", ids=[return_id])
    return found


@router.get("/returns/{return_id}")
async def get_return(tx: Reading, return_id: ReturnPath, cursor: Cursor = None, limit: Limit = 100) -> ReturnDetail:
    """A customer return with its units and lots."""
    found = await _head(tx, return_id)
    sku, serial = parts(cursor, str, str) or ("", "")
    rows = await queries.units(tx, return_id=return_id, sku=sku, serial=serial, size=limit + 1)
    units = page(
        rows, limit, lambda row: ReturnUnitOut.model_validate(row._asdict()), lambda row: (row.sku, row.serial)
    )
    counted = await queries.lots(tx, return_id=return_id, sku="", lot="", location="", size=LOTS)
    return ReturnDetail(**found._asdict(), units=units, lots=[_lot(row) for row in counted])
