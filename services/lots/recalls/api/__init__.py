"""Recalls over HTTP, to look at: each as a whole, and its four lists as pages and as files."""

from fastapi import APIRouter

from services.lots.recalls.api import lists, recalls

router = APIRouter()
router.include_router(lists.router)  # before recalls, whose names may have slashes
router.include_router(recalls.router)
