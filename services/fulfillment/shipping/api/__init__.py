"""HTTP API of cartons and shipments: their content, and what is printed for them."""

from fastapi import APIRouter

from services.fulfillment.shipping.api import prints, reads

router = APIRouter()
router.include_router(reads.router)
router.include_router(prints.router)
