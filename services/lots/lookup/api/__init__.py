"""Looking lots up over HTTP."""

from fastapi import APIRouter

from services.lots.lookup.api import lots, trace
from services.lots.lookup.queries.reports import REPORTS
from shared.http import serve

reports = APIRouter(prefix="/reports", tags=["reports"])
serve(reports, REPORTS)

router = APIRouter()
for part in (lots.router, trace.router, reports):
    router.include_router(part)
