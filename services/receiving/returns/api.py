"""HTTP API of customer returns."""

from datetime import date, datetime
from typing import Annotated, Any

from fastapi import APIRouter, Path
from sqlalchemy import Row

from services.receiving.returns import queries
from shared.contracts.model import KnownFieldsModel
from shared.contracts.problems import Code
from shared.contracts.receiving import Disposition
from shared.http import (
    CustomerFilter,
    NotFoundError,
    OrderFilter,
    Page,
    PageRequest,
    ReadTransaction,
    first_page,
    paged_by,
)
from shared.identifiers import SignedQuantity
from shared.persistence.database import Transaction

router = APIRouter(tags=["returns"])
MAX_LOTS = 500
ReturnPath = Annotated[str, Path(alias="return", description="Id of the customer return.")]


class ReturnSummary(KnownFieldsModel):
    """Items of one order that the customer returned; `hold_id` is the hold on them."""

    return_id: str
    order: str
    customer: str
    hold_id: str
    received_at: datetime
    received_by: str


class ReturnUnitOut(KnownFieldsModel):
    """A returned unit and its disposition."""

    sku: str
    serial: str
    location: str
    reason: str
    received_at: datetime
    received_by: str
    disposition: Disposition | None
    disposed_reason: str | None
    disposed_at: datetime | None
    disposed_by: str | None
    warranty_ends_on: date | None
    in_warranty: bool | None
    """Whether it came back inside its warranty; null if it was sold without one."""
    scan: str | None
    """Text as the scanner sent it; null if the number was typed."""


class LotDispositionOut(KnownFieldsModel):
    """Disposition of a part of a returned quantity."""

    quantity: SignedQuantity
    disposition: Disposition
    reason: str
    disposed_at: datetime
    disposed_by: str


class ReturnLotOut(KnownFieldsModel):
    """Returned quantity of a lot and its dispositions; `pending_quantity` has no disposition yet."""

    sku: str
    lot: str
    location: str
    quantity: SignedQuantity
    pending_quantity: SignedQuantity
    reason: str
    received_at: datetime
    received_by: str
    scan: str | None
    """Texts as the scanner sent them, one a line; null if the lot was typed."""
    dispositions: list[LotDispositionOut]


class ReturnDetail(ReturnSummary):
    """A return with its units and the first 500 of its lots."""

    units: Page[ReturnUnitOut]
    lots: list[ReturnLotOut]


@router.get("/returns")
async def list_returns(
    tx: ReadTransaction,
    *,
    order: OrderFilter = None,
    customer: CustomerFilter = None,
    page: Annotated[PageRequest, paged_by(queries.SORTS)],
) -> Page[ReturnSummary]:
    """List customer returns, ordered by return id or by the time of receipt."""
    rows = await page.fetch(tx, queries.select_returns, {"order": order, "customer": customer})
    return page.build(rows, lambda row: ReturnSummary.model_validate(row._asdict()))


@router.get("/returns/{return}/lots")
async def list_return_lots(
    tx: ReadTransaction, return_id: ReturnPath, page: Annotated[PageRequest, paged_by(queries.LOT_SORTS)]
) -> Page[ReturnLotOut]:
    """List the lots of a customer return."""
    await _get_return_or_404(tx, return_id)
    return page.build(await page.fetch(tx, queries.select_lots, {"return_id": return_id}), _to_return_lot_out)


def _to_return_lot_out(row: Row[Any]) -> ReturnLotOut:
    return ReturnLotOut.model_validate(row._asdict())


async def _get_return_or_404(tx: Transaction, return_id: str) -> Row[Any]:
    row = await queries.find_return(tx, return_id)
    if row is None:
        raise NotFoundError(f"Return {return_id} not found", ids=[return_id], code=Code.RETURN_NOT_FOUND)
    return row


@router.get("/returns/{return}")
async def get_return(
    tx: ReadTransaction, return_id: ReturnPath, page: Annotated[PageRequest, paged_by(queries.UNIT_SORTS)]
) -> ReturnDetail:
    """Get a customer return with its units and lots."""
    found = await _get_return_or_404(tx, return_id)
    rows = await page.fetch(tx, queries.select_units, {"return_id": return_id})
    units = page.build(rows, lambda row: ReturnUnitOut.model_validate(row._asdict()))
    first_lots = first_page(queries.LOT_SORTS, MAX_LOTS)
    lots = first_lots.build(
        await first_lots.fetch(tx, queries.select_lots, {"return_id": return_id}), _to_return_lot_out
    )
    return ReturnDetail(**found._asdict(), units=units, lots=lots.items)
