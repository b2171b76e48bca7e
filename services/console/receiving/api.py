"""Receiving over HTTP."""

from typing import Annotated, Any, Literal

from fastapi import APIRouter, Body, Header
from starlette.responses import HTMLResponse, RedirectResponse, Response

from services.console.clients.http import RefusedError, path_of
from services.console.design.words import say
from services.console.page import Visitor, require
from services.console.receiving import handlers, queries, views
from services.console.receiving.review import review_page
from services.console.session.api import read_form
from services.console.stations import answer
from shared.auth.roles import Role

router = APIRouter(include_in_schema=False)
Tab = Literal["open", "due", "arrived", "closed"]
Key = Annotated[str, Header(alias="Idempotency-Key")]


@router.get("/receiving")
async def show_receipts(visit: Visitor, tab: Tab = "open", q: str = "", cursor: str = "") -> HTMLResponse:
    """Show the receipts of a tab."""
    found = await queries.list_receipts(visit, tab, q, cursor)
    return visit.page(say("Receiving"), views.receipts_page(found, tab, q, cursor), watch="counts")


@router.get("/receiving/list")
async def show_list(visit: Visitor, tab: Tab = "open", q: str = "", cursor: str = "") -> HTMLResponse:
    """Show the list alone, for an update of the page."""
    return visit.part(views.receipts_list(await queries.list_receipts(visit, tab, q, cursor), tab, q, cursor))


@router.get("/receiving/{receipt}")
async def show_receipt(visit: Visitor, receipt: str, received: str = "", expect: int = 0) -> HTMLResponse:
    """Show one receipt with its scan station."""
    data = await queries.find_station(visit, receipt)
    content = views.receipt_page(data, may_scan=visit.may(Role.OPERATOR), received=received, expected=expect)
    return visit.page(receipt, content, watch=f"receipt:{receipt}")


@router.post("/receiving/{receipt}/scans")
async def record_scans(visit: Visitor, receipt: str, key: Key, body: Annotated[dict[str, Any], Body()]) -> Response:
    """Record scans of a kept command; the answer is their rows."""
    return await answer(visit, handlers.record(require(visit, Role.OPERATOR), receipt, body, key))


@router.post("/receiving/{receipt}/undos")
async def undo_scan(visit: Visitor, receipt: str, key: Key, body: Annotated[dict[str, Any], Body()]) -> Response:
    """Undo a scan."""
    return await answer(visit, handlers.undo(require(visit, Role.OPERATOR), receipt, body, key))


@router.get("/receiving/{receipt}/review")
async def show_review(visit: Visitor, receipt: str, session: str) -> HTMLResponse:
    """Show a session before it is confirmed."""
    found = await visit.receiving.get_receipt(receipt)
    detail = await queries.find_session(visit, receipt, session)
    content = review_page(found, detail, may_confirm=visit.may(Role.OPERATOR))
    return visit.page(say("Review"), content, watch=f"receipt:{receipt}")


@router.post("/receiving/{receipt}/confirm")
async def confirm(visit: Visitor, receipt: str) -> Response:
    """Confirm a session, if it still has as many scans as the review showed."""
    form = await read_form(require(visit, Role.OPERATOR).request)
    session, counted = (
        form.get("session", ""),
        {"units": int(form.get("units", "0")), "quantity": form.get("quantity", "0")},
    )
    try:
        result = await visit.receiving.confirm(receipt, session, counted, form.get("key", ""))
    except RefusedError as error:
        found = await visit.receiving.get_receipt(receipt)
        detail = await queries.find_session(visit, receipt, session)
        content = review_page(found, detail, may_confirm=True, refusal=error.refusal)
        return visit.page(say("Review"), content, status=409)
    expected = await queries.count_received(visit, receipt)
    query = f"?received={result.units + result.quantity - len(result.discrepancies)}&expect={expected}"
    return RedirectResponse(path_of("receiving", receipt) + query, 303)


@router.get("/receiving/{receipt}/arrival")
async def show_arrival(visit: Visitor, receipt: str, received: str, expect: int, attempt: int = 0) -> HTMLResponse:
    """Show whether received units are in the registry of serial numbers."""
    arrived = await queries.count_arrived(visit, receipt)
    return visit.part(views.arrival_state(receipt, (received, expect), attempt, arrived))
