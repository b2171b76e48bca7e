"""HTTP endpoints for serial reports, as JSON pages and CSV."""

from fastapi import APIRouter

from services.serials.lookup.queries.reports import REPORTS
from shared.http import add_report_routes

router = APIRouter(prefix="/reports", tags=["reports"])
add_report_routes(router, REPORTS)
