"""The reports on serials, as pages of JSON and as CSV files."""

from fastapi import APIRouter

from services.serials.lookup.queries.reports import REPORTS
from shared.http import serve

router = APIRouter(prefix="/reports", tags=["reports"])
serve(router, REPORTS)
