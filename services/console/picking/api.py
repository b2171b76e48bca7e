"""Picking over HTTP."""

from typing import Annotated, Any

from fastapi import APIRouter, Body, Header
from starlette.responses import HTMLResponse, RedirectResponse, Response

from services.console.clients.http import RefusedError, path_of
from services.console.design.words import say
from services.console.page import Visitor, require
from services.console.picking import handlers, queries, views
from services.console.session.api import read_form
from services.console.stations import answer
from shared.auth.roles import Role

router = APIRouter(include_in_schema=False)


@router.get("/picking")
async def show_walks(visit: Visitor, warehouse: str = "") -> HTMLResponse:
    """Show the orders with something to pick."""
    found = await queries.list_walks(visit, warehouse)
    return visit.page(say("Picking"), views.walks_page(found, warehouse), watch="counts")


@router.get("/picking/list")
async def show_list(visit: Visitor, warehouse: str = "") -> HTMLResponse:
    """Show the list alone, for an update of the page."""
    return visit.part(views.walks_list(await queries.list_walks(visit, warehouse)))


@router.get("/picking/{order}")
async def show_walk(visit: Visitor, order: str, short: str = "") -> HTMLResponse:
    """Show the walk of an order."""
    data = await queries.find_walk(visit, order)
    content = views.walk_page(data, may_pick=visit.may(Role.OPERATOR), short=bool(short))
    return visit.page(order, content, watch=f"order:{order}")


@router.post("/picking/{order}/scans")
async def pick(
    visit: Visitor,
    order: str,
    key: Annotated[str, Header(alias="Idempotency-Key")],
    body: Annotated[dict[str, Any], Body()],
) -> Response:
    """Pick what a kept scan names; the answer is its row."""
    return await answer(visit, handlers.pick(require(visit, Role.OPERATOR), order, body, key))


@router.get("/picking/{order}/short")
async def show_short(visit: Visitor, order: str) -> HTMLResponse:
    """Ask which item is missing."""
    content = views.short_page(await queries.find_walk(require(visit, Role.OPERATOR), order))
    return visit.page(say("Missing at its place"), content)


@router.post("/picking/{order}/short")
async def report_short(visit: Visitor, order: str) -> Response:
    """Report an item as missing."""
    form = await read_form(require(visit, Role.OPERATOR).request)
    try:
        await handlers.report_short(visit, order, form.get("item", ""), form.get("reason", ""), form.get("key", ""))
    except RefusedError as error:
        content = views.short_page(await queries.find_walk(visit, order), error.refusal)
        return visit.page(say("Missing at its place"), content, status=409)
    return RedirectResponse(f"{path_of('picking', order)}?short=1", 303)
