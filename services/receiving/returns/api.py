"""Customer returns over HTTP, to look at."""

from datetime import datetime
from typing import Any

from fastapi import APIRouter
from sqlalchemy import Row

from services.receiving.returns import queries
from shared.contracts.model import KnownFieldsModel
from shared.database import Transaction
from shared.http import Limit, NotFound, Page, Reading, page, parts

router = APIRouter(tags=["returns"])
LOTS = 500


class ReturnShown(KnownFieldsModel):
    """Goods of one order that its customer sent back; `hold` is what they are held under."""

    return_id: str
    order: str
    customer: str
    hold: str
    at: datetime
    actor: str


class ReturnUnitShown(KnownFieldsModel):
    """A returned unit, and what was decided."""

    sku: str
    serial: str
    location: str
    reason: str
    at: datetime
    actor: str
    disposition: str | None
    disposed_reason: str | None
    disposed_at: datetime | None
    disposed_by: str | None


class LotDispositionShown(KnownFieldsModel):
    """What was decided on a part of a returned quantity."""

    quantity: float
    disposition: str
    reason: str
    at: datetime
    actor: str


class ReturnLotShown(KnownFieldsModel):
    """So much of a lot that came back, and what was decided on it."""

    sku: str
    lot: str
    location: str
    quantity: float
    undecided: float
    reason: str
    at: datetime
    actor: str
    dispositions: list[LotDispositionShown]


class WholeReturn(ReturnShown):
    """A return with its units, and the first 500 of its lots."""

    units: Page[ReturnUnitShown]
    lots: list[ReturnLotShown]


@router.get("/returns")
async def returns(
    tx: Reading,
    *,
    order: str | None = None,
    customer: str | None = None,
    cursor: str | None = None,
    limit: Limit = 100,
) -> Page[ReturnShown]:
    """Returns by name."""
    (after,) = parts(cursor, str) or ("",)
    found = await queries.listed(tx, order=order, customer=customer, after=after, size=limit + 1)
    return page(found, limit, lambda row: ReturnShown.model_validate(row._asdict()), lambda row: (row.return_id,))


@router.get("/returns/{return_id:path}/lots")
async def lots(tx: Reading, return_id: str, cursor: str | None = None, limit: Limit = 100) -> Page[ReturnLotShown]:
    """The lots of a return."""
    await _head(tx, return_id)
    sku, lot, location = parts(cursor, str, str, str) or ("", "", "")
    rows = await queries.lots(tx, return_id=return_id, sku=sku, lot=lot, location=location, size=limit + 1)
    return page(rows, limit, _lot, lambda row: (row.sku, row.lot, row.location))


def _lot(row: Row[Any]) -> ReturnLotShown:
    return ReturnLotShown.model_validate(row._asdict())


async def _head(tx: Transaction, return_id: str) -> Row[Any]:
    found = await queries.one(tx, return_id)
    if found is None:
        raise NotFound(f"there is no return {return_id}", ids=[return_id])
    return found


@router.get("/returns/{return_id:path}")
async def one(tx: Reading, return_id: str, cursor: str | None = None, limit: Limit = 100) -> WholeReturn:
    """One return, unit by unit and lot by lot."""
    found = await _head(tx, return_id)
    sku, serial = parts(cursor, str, str) or ("", "")
    rows = await queries.units(tx, return_id=return_id, sku=sku, serial=serial, size=limit + 1)
    units = page(
        rows, limit, lambda row: ReturnUnitShown.model_validate(row._asdict()), lambda row: (row.sku, row.serial)
    )
    counted = await queries.lots(tx, return_id=return_id, sku="", lot="", location="", size=LOTS)
    return WholeReturn(**found._asdict(), units=units, lots=[_lot(row) for row in counted])
