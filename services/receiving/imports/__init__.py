"""Imports of receiving: products, warehouses, locations, what receipts expect, and opening stock."""

from services.receiving.imports.announcements import ANNOUNCEMENTS
from services.receiving.imports.opening_stock import OPENING_STOCK
from services.receiving.imports.places import PLACES
from services.receiving.imports.products import PRODUCTS

KINDS = (PRODUCTS, *PLACES, *ANNOUNCEMENTS, *OPENING_STOCK)

__all__ = ["KINDS"]
