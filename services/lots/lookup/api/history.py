"""HTTP API of the history of a lot."""

from typing import Annotated

from fastapi import APIRouter

from services.lots.lookup.api.lots import LotPath, lot_not_found
from services.lots.lookup.queries import lots
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
    if await lots.find_lot(tx, sku, lot) is None:
        raise lot_not_found(sku, lot)
    rows = await page.fetch(tx, REPORT.statement, movement_filters(sku, lot, None, since, until))
    return page.build(rows, lambda row: MovementRow.model_validate(row._asdict()))
