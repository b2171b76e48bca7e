"""Customer returns over HTTP, to look at."""

from datetime import datetime

from fastapi import APIRouter
from pydantic import BaseModel

from services.receiving.returns import queries
from shared.http import Limit, NotFound, Page, Reading, page, parts

router = APIRouter(tags=["returns"])


class ReturnShown(BaseModel):
    """Goods of one order that its customer sent back; `hold` is what they are held under."""

    return_id: str
    order: str
    customer: str
    hold: str
    at: datetime
    actor: str


class ReturnUnitShown(BaseModel):
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


class WholeReturn(ReturnShown):
    """A return with its units."""

    units: Page[ReturnUnitShown]


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


@router.get("/returns/{return_id:path}")
async def one(tx: Reading, return_id: str, cursor: str | None = None, limit: Limit = 100) -> WholeReturn:
    """One return, unit by unit."""
    found = await queries.one(tx, return_id)
    if found is None:
        raise NotFound(f"there is no return {return_id}", ids=[return_id])
    sku, serial = parts(cursor, str, str) or ("", "")
    rows = await queries.units(tx, return_id=return_id, sku=sku, serial=serial, size=limit + 1)
    units = page(
        rows, limit, lambda row: ReturnUnitShown.model_validate(row._asdict()), lambda row: (row.sku, row.serial)
    )
    return WholeReturn(**found._asdict(), units=units)
