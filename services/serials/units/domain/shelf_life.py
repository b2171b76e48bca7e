"""Shelf-life rules of pools (S28)."""

from collections.abc import Mapping

from services.serials.units.domain.unit import Pool
from shared.inventory.shelf_life import ShelfLifeRules

ShelfLifeByPool = Mapping[Pool, ShelfLifeRules]
"""Rules of the pools in which a unit has an expiry; the other pools need none."""
