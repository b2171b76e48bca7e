"""Receipts over HTTP, to look at; what is asked of them are commands."""

from fastapi import APIRouter

from services.receiving.receipts.api import discrepancies, lots, receipts, sessions

router = APIRouter()
# The longer addresses come first: a receipt's name may hold a slash.
router.include_router(sessions.router)
router.include_router(lots.router)
router.include_router(discrepancies.router)
router.include_router(receipts.router)
