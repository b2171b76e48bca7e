"""Load plan: receipts and orders of serials and lots; every order has both."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from shared.contracts.commands.receiving import ScannedLot
from shared.contracts.upstream import OrderLine

WAREHOUSE, DOCK, STAGING = "EAST", "EAST/DOCK", "EAST/PACK"
SHELVES = tuple(f"EAST/A-{number:02}" for number in range(1, 6))
LOTS: Mapping[str, date] = {"0001/a": date(2150, 1, 31), "0001/A": date(2149, 1, 31)}
"""Lots with their expiry; the second expires first."""
LOT_SHELVES = dict(zip(LOTS, SHELVES, strict=False))
"""Location of each lot; a location holds one lot."""
RECEIVED_PER_LOT, ORDERED_PER_ORDER = Decimal("7.25"), Decimal("2.5")
"""Quantity received per lot, and ordered per order: a receipt suffices for four orders."""
ORDERS_PER_RECEIPT = 4
UnitKey = tuple[str, str]
"""A unit: (sku, serial)."""


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


@dataclass
class TrackedOrder:
    """State of an order of the load."""

    name: str
    lines: list[OrderLine]
    to_cancel: bool
    shipment: str
    allocated: set[UnitKey] = field(default_factory=set)
    picked: set[UnitKey] = field(default_factory=set)
    lots: dict[tuple[str, str], Decimal] = field(default_factory=dict)
    """Allocated quantity by lot and location."""
    lots_listed: Decimal = Decimal(0)
    """Lot quantity on the pick list."""
    lots_picked: Decimal = Decimal(0)
    is_started: bool = False
    packed: bool = False
    cancelled: bool = False

    @property
    def quantity(self) -> int:
        """Return the units ordered on all serial lines."""
        return int(sum(line.quantity for line in self.lines[:2]))

    @property
    def is_fully_allocated(self) -> bool:
        """Return whether all lines are fully allocated."""
        return (
            len(self.allocated) == self.quantity
            and sum(self.lots.values(), Decimal(0)) == self.lots_listed == ORDERED_PER_ORDER
        )

    @property
    def is_fully_picked(self) -> bool:
        """Return whether all lines are fully picked."""
        return len(self.picked) == self.quantity and self.lots_picked == ORDERED_PER_ORDER
