"""Putaway over HTTP."""

from typing import Annotated, Any

from fastapi import APIRouter, Body, Header
from starlette.responses import HTMLResponse, Response

from services.console.design.words import say
from services.console.page import Visitor, require
from services.console.putaway import handlers, queries, views
from services.console.stations import answer
from shared.auth.roles import Role

router = APIRouter(include_in_schema=False)


@router.get("/putaway")
async def show_groups(visit: Visitor) -> HTMLResponse:
    """Show what waits to be put away."""
    return visit.page(say("Putaway"), views.groups_page(await queries.list_groups(visit)), watch="counts")


@router.get("/putaway/list")
async def show_list(visit: Visitor) -> HTMLResponse:
    """Show the list alone, for an update of the page."""
    return visit.part(views.groups_list(await queries.list_groups(visit)))


@router.get("/putaway/group")
async def show_group(visit: Visitor, sku: str, at: str, receipt: str = "") -> HTMLResponse:
    """Show a group of units with its station."""
    data = await queries.find_group(visit, sku, at, receipt)
    return visit.page(sku, views.group_page(data, sku, may_scan=visit.may(Role.OPERATOR)), watch=f"sku:{sku}")


@router.post("/putaway/scans")
async def put_away(
    visit: Visitor, key: Annotated[str, Header(alias="Idempotency-Key")], body: Annotated[dict[str, Any], Body()]
) -> Response:
    """Put away what kept scans name; the answer is their rows."""
    return await answer(visit, handlers.put_away(require(visit, Role.OPERATOR), body, key))
