"""Load plan: receipts and orders of serials and lots; every order has both."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import Literal

from shared.contracts.commands.receiving import ScannedLot
from shared.contracts.upstream import OrderLine

WAREHOUSE, DOCK, STAGING = "EAST", "EAST/DOCK", "EAST/PACK"
SHELVES = tuple(f"EAST/A-{number:02}" for number in range(1, 6))
LOTS: Mapping[str, date] = {"0001/a": date(2150, 1, 31), "0001/b": date(2149, 1, 31)}
"""Lots with their expiry; the second expires first."""
LOT_SHELVES = dict(zip(LOTS, SHELVES, strict=False))
"""Location of each lot; a location holds one lot."""
RECEIVED_PER_LOT, ORDERED_PER_ORDER = Decimal("7.25"), Decimal("2.5")
"""Quantity received per lot, and ordered per order: a receipt suffices for four orders."""
ORDERS_PER_RECEIPT, ORDERS_PER_FLOW = 4, 5
UnitKey = tuple[str, str]
"""A unit: (sku, serial)."""
Correction = Literal["SHORT_PICK", "SHORT_PICK_WITH_REMAINING", "AMEND_AND_UNPICK", "AMEND_AND_BACK"]
CORRECTIONS: Mapping[int, Correction] = {
    0: "SHORT_PICK", 4: "SHORT_PICK_WITH_REMAINING", 7: "AMEND_AND_UNPICK", 9: "AMEND_AND_BACK",
}  # fmt: skip
"""Corrections of every twelve orders by number; none of these orders is cancelled."""
AMENDED_LOT = "0001/a"
"""The lot that an order is amended to: the one that is allocated last."""


@dataclass(frozen=True)
class LoadPlan:
    """Size of a load; all ids begin with `name`, so that loads can share a stack."""

    name: str
    skus: int = 3
    receipts: int = 24
    units: int = 10
    orders: int = 24
    quantity: int = 4
    """Units per serial line; an order has two of them and a lot line."""
    cancel_every: int = 6
    """Every n-th order is cancelled once it is allocated."""
    put_away: bool = True
    dispatch: bool = True
    interval: float = 0.2
    """Seconds between receipts and orders."""

    def sku(self, number: int) -> str:
        """Return the SKU of a serial-tracked product, cycling through them."""
        return f"{self.name}-{number % self.skus}"

    @property
    def lot_sku(self) -> str:
        """Return the SKU of the lot-tracked product."""
        return f"{self.name}-lots"

    @property
    def has_corrections(self) -> bool:
        """Return whether some orders are corrected: only where all orders are shipped."""
        return self.put_away and self.dispatch

    @property
    def identifier_flows(self) -> int:
        """Return the number of flows of corrected lots, past sales and recalls."""
        return min(self.orders, self.receipts) // ORDERS_PER_FLOW if self.has_corrections else 0

    def correction(self, number: int) -> Correction | None:
        """Return how an order is corrected."""
        return CORRECTIONS.get(number % 12) if self.has_corrections else None

    @property
    def lot_receipts(self) -> list[str]:
        """Return the receipts of lots, enough for all orders."""
        return [f"{self.name}-L{number}" for number in range(-(-self.orders // ORDERS_PER_RECEIPT))]

    def receipt_units(self) -> Iterator[tuple[str, str, list[str]]]:
        """Yield each receipt with its product and serials."""
        for number in range(self.receipts):
            receipt = f"{self.name}-R{number}"
            yield receipt, self.sku(number), [f"{receipt}-{unit:03}" for unit in range(self.units)]

    def placed_orders(self) -> Iterator[tuple[str, list[OrderLine], bool]]:
        """Yield each order with its lines and whether it will be cancelled."""
        for number in range(self.orders):
            lines = [
                OrderLine(line=str(line + 1), sku=self.sku(number + line), quantity=self.quantity) for line in (0, 1)
            ]
            lines.append(OrderLine(line="3", sku=self.lot_sku, quantity=ORDERED_PER_ORDER))
            yield f"{self.name}-O{number}", lines, number % self.cancel_every == self.cancel_every - 1


def scanned_lots() -> list[ScannedLot]:
    """Return the scanned lots of a receipt."""
    return [ScannedLot(lot=lot, quantity=RECEIVED_PER_LOT, expiry=expiry) for lot, expiry in LOTS.items()]
