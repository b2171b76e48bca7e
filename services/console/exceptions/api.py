"""Exceptions over HTTP."""

from fastapi import APIRouter
from starlette.responses import HTMLResponse, RedirectResponse, Response

from services.console.clients.http import RefusedError
from services.console.design.words import say
from services.console.exceptions.views import exceptions_page
from services.console.page import Visitor, attempt, require
from services.console.session.api import read_form
from shared.auth.roles import Role

router = APIRouter(include_in_schema=False)


@router.get("/exceptions")
async def show_exceptions(visit: Visitor, kind: str = "", receipt: str = "", cursor: str = "") -> HTMLResponse:
    """Show what waits for a decision."""
    query = {"kind": kind, "receipt": receipt, "cursor": cursor}
    found = await attempt(visit.receiving.list_discrepancies(open="true", limit=50, **query))
    content = exceptions_page(found, query, may_resolve=visit.may(Role.SUPERVISOR))
    return visit.page(say("Exceptions"), content, watch="counts")


@router.post("/exceptions/{discrepancy}")
async def resolve(visit: Visitor, discrepancy: str) -> Response:
    """Resolve a discrepancy."""
    form = await read_form(require(visit, Role.SUPERVISOR).request)
    body = {name: form.get(name, "") for name in ("receipt", "resolution", "reason")}
    try:
        await visit.receiving.resolve(discrepancy, body, form.get("key", ""))
    except RefusedError as error:
        found = await attempt(visit.receiving.list_discrepancies(open="true", limit=50))
        content = exceptions_page(found, {}, may_resolve=True, refusal=error.refusal)
        return visit.page(say("Exceptions"), content, status=409)
    return RedirectResponse("/exceptions", 303)
