"""HTTP API of lot lookup."""

from fastapi import APIRouter

from services.lots.lookup.api import history, labels, lots, trace
from services.lots.lookup.queries import counts
from services.lots.lookup.queries.reports import REPORTS
from shared.http import add_report_routes

reports = APIRouter(prefix="/reports", tags=["reports"])
add_report_routes(reports, REPORTS)

lists = APIRouter(tags=["lookup"])
add_report_routes(lists, counts.REPORTS)

router = APIRouter()
for sub_router in (lots.router, history.router, trace.router, labels.router, reports, lists):
    router.include_router(sub_router)
