"""Shipping over HTTP."""

from collections.abc import Awaitable
from typing import Any, Literal

from fastapi import APIRouter
from starlette.responses import HTMLResponse, RedirectResponse, Response

from services.console.clients.http import RefusedError, path_of
from services.console.design.words import say
from services.console.page import Visit, Visitor, require
from services.console.session.api import read_form
from services.console.shipping import queries, views
from shared.auth.roles import Role

router = APIRouter(include_in_schema=False)
Tab = Literal["open", "gone", "cancelled"]


@router.get("/shipping")
async def show_shipments(visit: Visitor, tab: Tab = "open", cursor: str = "") -> HTMLResponse:
    """Show the shipments of a tab."""
    found = await queries.list_shipments(visit, tab, cursor)
    return visit.page(say("Shipping"), views.shipments_page(found, tab, cursor), watch="counts")


@router.get("/shipping/list")
async def show_list(visit: Visitor, tab: Tab = "open", cursor: str = "") -> HTMLResponse:
    """Show the list alone, for an update of the page."""
    return visit.part(views.shipments_list(await queries.list_shipments(visit, tab, cursor), tab, cursor))


@router.get("/shipping/{shipment}")
async def show_shipment(visit: Visitor, shipment: str) -> HTMLResponse:
    """Show one shipment."""
    content = views.shipment_page(await queries.find_shipment(visit, shipment), _acts(visit))
    return visit.page(shipment, content, watch=f"shipment:{shipment}")


@router.get("/shipping/{shipment}/check")
async def show_check(visit: Visitor, shipment: str, check: str, attempt: int = 0) -> HTMLResponse:
    """Show how far the check is; the page is renewed once it has ended."""
    found = await queries.find_check(visit, check)
    response = visit.part(views.check_part(shipment, found, attempt))
    if found is not None and found.status == "DISPATCHED":
        response.headers["HX-Refresh"] = "true"
    return response


@router.post("/shipping/{shipment}/dispatch")
async def dispatch(visit: Visitor, shipment: str) -> Response:
    """Start the check; the shipment leaves once all is approved."""
    form = await read_form(require(visit, Role.OPERATOR).request)
    return await _pass_on(visit, shipment, visit.fulfillment.dispatch(shipment, form.get("key", "")))


@router.post("/shipping/{shipment}/cancel")
async def cancel(visit: Visitor, shipment: str) -> Response:
    """Cancel the shipment; its cartons may go into another one."""
    form = await read_form(require(visit, Role.SUPERVISOR).request)
    sending = visit.fulfillment.cancel_shipment(shipment, form.get("reason", ""), form.get("key", ""))
    return await _pass_on(visit, shipment, sending)


def _acts(visit: Visit) -> views.Acts:
    return views.Acts(may_dispatch=visit.may(Role.OPERATOR), may_cancel=visit.may(Role.SUPERVISOR))


async def _pass_on(visit: Visit, shipment: str, sending: Awaitable[Any]) -> Response:
    try:
        await sending
    except RefusedError as error:
        data = await queries.find_shipment(visit, shipment)
        return visit.page(shipment, views.shipment_page(data, _acts(visit), error.refusal), status=409)
    return RedirectResponse(path_of("shipping", shipment), 303)
