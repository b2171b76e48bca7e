"""Packing over HTTP."""

from typing import Annotated, Any

from fastapi import APIRouter, Body, Header
from starlette.responses import HTMLResponse, RedirectResponse, Response

from services.console.clients.http import RefusedError, path_of
from services.console.design.words import say
from services.console.packing import handlers, queries, views
from services.console.page import Visitor, require
from services.console.session.api import read_form
from services.console.stations import answer
from shared.auth.roles import Role

router = APIRouter(include_in_schema=False)
Key = Annotated[str, Header(alias="Idempotency-Key")]


@router.get("/packing")
async def show_orders(visit: Visitor) -> HTMLResponse:
    """Show orders with picked items."""
    return visit.page(say("Packing"), views.orders_page(await queries.list_orders(visit)), watch="counts")


@router.get("/packing/list")
async def show_list(visit: Visitor) -> HTMLResponse:
    """Show the list alone, for an update of the page."""
    return visit.part(views.orders_list(await queries.list_orders(visit)))


@router.get("/packing/{order}")
async def show_order(visit: Visitor, order: str) -> HTMLResponse:
    """Show loose items and cartons of an order."""
    content = views.order_page(await queries.find_order(visit, order), may_ship=visit.may(Role.OPERATOR))
    return visit.page(order, content, watch=f"order:{order}")


@router.get("/packing/{order}/cartons")
async def show_cartons(visit: Visitor, order: str) -> HTMLResponse:
    """Show the cartons alone, for an update of the page."""
    data = await queries.find_order(visit, order)
    return visit.part(views.cartons_part(data, may_ship=visit.may(Role.OPERATOR)))


@router.post("/packing/{order}/scans")
async def pack(visit: Visitor, order: str, key: Key, body: Annotated[dict[str, Any], Body()]) -> Response:
    """Pack what kept scans name; the answer is their rows."""
    return await answer(visit, handlers.pack(require(visit, Role.OPERATOR), order, body, key))


@router.post("/packing/{order}/undos")
async def unpack(visit: Visitor, order: str, key: Key, body: Annotated[dict[str, Any], Body()]) -> Response:
    """Take an item out of its carton."""
    return await answer(visit, handlers.unpack(require(visit, Role.OPERATOR), order, body, key))


@router.post("/packing/{order}/shipment")
async def ship(visit: Visitor, order: str) -> Response:
    """Create a shipment of the cartons that are in none."""
    form = await read_form(require(visit, Role.OPERATOR).request)
    try:
        shipment = await handlers.ship(visit, order, form.get("key", ""))
    except RefusedError as error:
        data = await queries.find_order(visit, order)
        return visit.page(order, views.order_page(data, may_ship=True, refusal=error.refusal), status=409)
    return RedirectResponse(path_of("shipping", shipment), 303)
