"""The search for anything over HTTP."""

from fastapi import APIRouter
from starlette.responses import RedirectResponse, Response

from services.console.clients.http import path_of
from services.console.design.words import say
from services.console.find import queries, views
from services.console.find.queries import Hits
from services.console.page import FailedPart, Visitor

router = APIRouter(include_in_schema=False)


@router.get("/find")
async def show_find(visit: Visitor, q: str = "") -> Response:
    """Open what a number is, if it is one thing only; else show what it may be."""
    text = q.strip()
    if not text:
        return visit.page(say("Find"), views.find_page(None))
    hits = await queries.find(visit, text)
    if exact := _only_hit(hits):
        return RedirectResponse(exact, 303)
    return visit.page(say("Find"), views.find_page(hits))


def _only_hit(hits: Hits) -> str | None:
    units = [] if isinstance(hits.units, FailedPart) else hits.units.items
    receipts = [] if isinstance(hits.receipts, FailedPart) else hits.receipts.items
    exact = [
        *(path_of("units", unit.sku, unit.serial) for unit in units if unit.serial == hits.value),
        *(path_of("receiving", each.receipt) for each in receipts if each.receipt == hits.value),
    ]
    return exact[0] if len(exact) == 1 else None
