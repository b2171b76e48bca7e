"""HTTP API of receipts."""

from fastapi import APIRouter

from services.receiving.receipts.api import discrepancies, lots, receipts, sessions

router = APIRouter()
router.include_router(sessions.router)
router.include_router(lots.router)
router.include_router(discrepancies.router)
router.include_router(receipts.router)
