"""HTTP API of holds."""

from datetime import datetime
from typing import Annotated, Any

from fastapi import APIRouter, Query
from sqlalchemy import Row

from services.lots.balances import queries
from services.lots.balances.domain.records import HoldKind
from shared.contracts.model import KnownFieldsModel
from shared.http import HoldFilter, LotFilter, Page, PageRequest, ReadTransaction, SkuFilter, paged_by
from shared.identifiers import SignedQuantity

router = APIRouter(tags=["holds"])


class LotHoldSummary(KnownFieldsModel):
    """A hold on a lot, at one location or at all of them, with the quantities there and who released it."""

    hold_id: str
    sku: str
    lot: str
    location: str | None
    kind: HoldKind
    reason: str
    owner_role: str
    return_id: str | None
    on_hand: SignedQuantity
    allocated: SignedQuantity
    opened_by: str
    opened_at: datetime
    released_by: str | None
    released_at: datetime | None
    released_reason: str | None


def _hold_out(row: Row[Any]) -> LotHoldSummary:
    return LotHoldSummary.model_validate(row._asdict())


@router.get("/holds")
async def list_holds(
    tx: ReadTransaction,
    *,
    sku: SkuFilter = None,
    lot: LotFilter = None,
    hold: HoldFilter = None,
    kind: Annotated[HoldKind | None, Query(description="Kind of hold.")] = None,
    released: Annotated[bool, Query(description="`true` for released holds, otherwise open ones.")] = False,
    page: Annotated[PageRequest, paged_by(queries.HOLD_SORTS)],
) -> Page[LotHoldSummary]:
    """List open or released holds, oldest first, one item per lot and location."""
    filters = {"released": released, "sku": sku, "lot": lot, "hold": hold, "kind": kind}
    return page.build(await page.fetch(tx, queries.select_holds, filters), _hold_out)
