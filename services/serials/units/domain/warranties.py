"""Warranties of sold units."""

from dataclasses import dataclass, field
from datetime import date, datetime

from services.serials.units.domain.unit import Unit
from shared.contracts.product_attributes import Warranty
from shared.contracts.reference import Tracking
from shared.contracts.serial_formats import SerialFormat
from shared.inventory.expiry import today
from shared.inventory.warranty import WarrantyTerm, warranty_term


@dataclass(slots=True)
class SaleRules:
    """Attributes of the products of sold units, and the time zones of the warehouses that ship them."""

    trackings: dict[str, Tracking] = field(default_factory=dict)
    warranties: dict[str, Warranty | None] = field(default_factory=dict)
    serial_formats: dict[str, SerialFormat | None] = field(default_factory=dict)
    time_zones: dict[str, str] = field(default_factory=dict)


class Sale:
    """Sale of units of one product at one time; units with the same label date share their warranty."""

    def __init__(self, rules: SaleRules, sku: str, sold_at: datetime) -> None:
        self._warranty, self._time_zones, self._sold_at = rules.warranties.get(sku), rules.time_zones, sold_at
        self._terms: dict[tuple[str | None, date | None], WarrantyTerm] = {}

    def fix_warranty(self, unit: Unit) -> None:
        """Fix the warranty of a unit that leaves its warehouse."""
        if self._warranty is None:
            return
        key = unit.warehouse, unit.manufactured_on
        if key not in self._terms:
            sold_on = today(self._sold_at, self._time_zones.get(unit.warehouse or "", "UTC"))
            self._terms[key] = warranty_term(self._warranty, sold_on, unit.manufactured_on)
        unit.set_warranty(self._terms[key])
