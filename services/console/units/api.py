"""The lookup over HTTP."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from starlette.responses import HTMLResponse

from services.console.design.parts import failed
from services.console.design.words import say
from services.console.page import FailedPart, Visitor, missing
from services.console.units import queries, views
from services.console.units.detail import unit_detail
from services.console.units.queries import Filters

router = APIRouter(include_in_schema=False)


def _filters(request: Request) -> Filters:
    given = request.query_params
    return Filters(**{name: given[name].strip() for name in Filters._fields if name in given})


GivenFilters = Annotated[Filters, Depends(_filters)]


@router.get("/units")
async def show_lookup(visit: Visitor, filters: GivenFilters) -> HTMLResponse:
    """Show the lookup."""
    found = await queries.search(visit, filters)
    return visit.page(say("Serial Number Lookup"), views.lookup_page(found, filters), watch="counts")


@router.get("/units/results")
async def show_results(visit: Visitor, filters: GivenFilters) -> HTMLResponse:
    """Show what the search found, alone; the address of the page follows the search."""
    return visit.part(views.results(await queries.search(visit, filters), filters))


@router.get("/units/{sku}/{serial}")
async def show_unit(visit: Visitor, sku: str, serial: str) -> HTMLResponse:
    """Show one unit."""
    unit = await queries.find_unit(visit, sku, serial)
    if unit is None:
        return missing(
            visit, say("{serial} of {sku} is not known", serial=serial, sku=sku), "/units", say("Search again")
        )
    if isinstance(unit, FailedPart):
        return visit.page(serial, failed(unit.service, visit.request.url.path), status=503)
    return visit.page(serial, views.unit_page(unit), watch=f"unit:{unit.sku}/{unit.serial}")


@router.get("/units/{sku}/{serial}/detail")
async def show_detail(visit: Visitor, sku: str, serial: str) -> HTMLResponse:
    """Show the details of a unit alone, for an update of the page."""
    unit = await queries.find_unit(visit, sku, serial)
    if unit is None or isinstance(unit, FailedPart):
        return visit.part(status=204)
    return visit.part(unit_detail(unit))
