"""Returns over HTTP."""

from fastapi import APIRouter
from starlette.responses import HTMLResponse, RedirectResponse, Response

from services.console.clients.http import RefusedError, path_of
from services.console.design.words import say
from services.console.page import Visitor, attempt, require
from services.console.returns import queries, views
from services.console.session.api import read_form
from shared.auth.roles import Role

router = APIRouter(include_in_schema=False)


@router.get("/returns")
async def show_returns(visit: Visitor, cursor: str = "") -> HTMLResponse:
    """Show the returns, the latest first."""
    found = await attempt(visit.receiving.list_returns(sort="-received_at", limit=50, cursor=cursor))
    return visit.page(say("Returns"), views.returns_page(found, cursor, may_receive=visit.may(Role.OPERATOR)))


@router.get("/returns/new")
async def show_new(visit: Visitor, serial: str = "") -> HTMLResponse:
    """Show what is known about a scanned unit."""
    data = await queries.find_returnable(require(visit, Role.OPERATOR), serial.strip())
    return visit.page(say("Receive a return"), views.new_page(data, serial.strip()))


@router.post("/returns")
async def receive(visit: Visitor) -> Response:
    """Receive a unit that came back, as a return of its own."""
    form = await read_form(require(visit, Role.OPERATOR).request)
    number = f"RMA-{form.get('order', '')}-{form.get('serial', '')}"[:64]
    body = {
        "return_id": number, "scans": [form.get("scan", "")],
        **{name: form.get(name, "") for name in ("order", "customer", "sku", "location", "reason")},
    }  # fmt: skip
    try:
        answer = await visit.receiving.receive_return(body, form.get("key", ""))
    except RefusedError as error:
        data = await queries.find_returnable(visit, form.get("scan", ""))
        content = views.new_page(data, form.get("scan", ""), error.refusal)
        return visit.page(say("Receive a return"), content, status=409)
    return RedirectResponse(path_of("returns", answer.return_id), 303)


@router.get("/returns/{return_id}")
async def show_return(visit: Visitor, return_id: str) -> HTMLResponse:
    """Show one return."""
    found = await visit.receiving.get_return(return_id)
    content = views.return_page(found, may_dispose=visit.may(Role.SUPERVISOR))
    return visit.page(return_id, content, watch=f"return_id:{return_id}")


@router.post("/returns/{return_id}")
async def dispose(visit: Visitor, return_id: str) -> Response:
    """Decide what happens to a returned unit."""
    form = await read_form(require(visit, Role.SUPERVISOR).request)
    body = {
        "sku": form.get("sku", ""), "serials": [form.get("serial", "")], "disposition": form.get("disposition", ""),
        "reason": form.get("reason", ""),
    }  # fmt: skip
    try:
        await visit.receiving.dispose(return_id, body, form.get("key", ""))
    except RefusedError as error:
        found = await visit.receiving.get_return(return_id)
        return visit.page(return_id, views.return_page(found, may_dispose=True, refusal=error.refusal), status=409)
    return RedirectResponse(path_of("returns", return_id), 303)
