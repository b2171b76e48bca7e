"""HTTP endpoints for lookups and reports of units."""

from fastapi import APIRouter

from services.serials.lookup.api import labels, reports, search, trace, unit

router = APIRouter()
router.include_router(search.router)
router.include_router(trace.router)
router.include_router(unit.router)
router.include_router(labels.router)
router.include_router(reports.router)
