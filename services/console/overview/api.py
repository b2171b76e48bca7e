"""The start page over HTTP."""

from fastapi import APIRouter
from starlette.responses import HTMLResponse, RedirectResponse

from services.console.design.layout import heading, menu
from services.console.design.words import say
from services.console.overview import queries, views
from services.console.page import Visitor

router = APIRouter(include_in_schema=False)


@router.get("/")
async def start() -> RedirectResponse:
    """Open the start page."""
    return RedirectResponse("/work", 303)


@router.get("/work")
async def show_work(visit: Visitor) -> HTMLResponse:
    """Show what there is to do."""
    content = views.work_page(await queries.read_overview(visit))
    return visit.page(say("Work"), content, watch="counts")


@router.get("/work/parts")
async def show_parts(visit: Visitor) -> HTMLResponse:
    """Show the parts alone, for an update of the page."""
    return visit.part(views.work_parts(await queries.read_overview(visit)))


@router.get("/menu")
async def show_menu(visit: Visitor) -> HTMLResponse:
    """Show the menu as a page, for phones."""
    return visit.page(say("Menu"), heading(say("Menu")), menu("", say("All pages")))
