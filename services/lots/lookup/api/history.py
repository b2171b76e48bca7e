"""HTTP API of the history of a lot."""

from fastapi import APIRouter
from sqlalchemy import text

from services.lots.lookup.api.lots import LotPath, get_lot_row
from services.lots.lookup.queries.movements import REPORT, MovementRow, movement_filters
from shared.http import Cursor, Limit, Page, ReadTransaction, Since, SkuPath, Until, paginate

router = APIRouter(tags=["lookup"])
SELECT_HISTORY = text(REPORT.statement)


@router.get("/lots/{sku}/{lot:optional}/history", summary="List the history of a lot")
async def list_lot_history(
    tx: ReadTransaction,
    sku: SkuPath,
    lot: LotPath,
    *,
    since: Since = None,
    until: Until = None,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> Page[MovementRow]:
    """List the movements of a lot, its holds with who placed and who released them, and its date corrections."""
    lot = (await get_lot_row(tx, sku, lot)).lot
    parameters = movement_filters(sku, lot, None, since, until) | REPORT.page_parameters(cursor, limit + 1)
    rows = await tx.fetch_all(SELECT_HISTORY, parameters)
    return paginate(
        rows,
        limit,
        lambda row: MovementRow.model_validate(row._asdict()),
        lambda row: [row._asdict()[name] for name in REPORT.key],
    )
