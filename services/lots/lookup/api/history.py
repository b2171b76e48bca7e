"""HTTP API of the history of a lot."""

from typing import Annotated

from fastapi import APIRouter

from services.lots.lookup.api.lots import LotPath, get_lot_row
from services.lots.lookup.queries.movements import REPORT, MovementRow, movement_filters
from shared.http import Page, PageRequest, ReadTransaction, Since, SkuPath, Until, paged_by

router = APIRouter(tags=["lookup"])


@router.get("/lots/{sku}/{lot:optional}/history", summary="List the history of a lot")
async def list_lot_history(
    tx: ReadTransaction,
    sku: SkuPath,
    lot: LotPath,
    *,
    since: Since = None,
    until: Until = None,
    page: Annotated[PageRequest, paged_by(REPORT.sorts)],
) -> Page[MovementRow]:
    """List the movements of a lot, its holds with who placed and who released them, and its date corrections."""
    lot = (await get_lot_row(tx, sku, lot)).lot
    rows = await page.fetch(tx, REPORT.statement, movement_filters(sku, lot, None, since, until))
    return page.build(rows, lambda row: MovementRow.model_validate(row._asdict()))
