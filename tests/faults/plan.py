"""How much of what a load brings in and orders: known serials, and lots, that every order mixes."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import date
from decimal import Decimal

from shared.contracts.commands.receiving import ScannedLot
from shared.contracts.upstream import OrderLine

WAREHOUSE, DOCK, STAGING = "EAST", "EAST/DOCK", "EAST/PACK"
SHELVES = tuple(f"EAST/A-{number:02}" for number in range(1, 6))
LOTS: Mapping[str, date] = {"0001/a": date(2150, 1, 31), "0001/A": date(2149, 1, 31)}
"""Each lot and its expiry; the second goes first."""
LOT_SHELVES = dict(zip(LOTS, SHELVES, strict=False))
"""Where a lot is stored: no place holds two."""
OF_A_LOT, FOR_AN_ORDER = Decimal("7.25"), Decimal("2.5")
"""What a receipt brings of each lot, and what an order wants of the product: four orders live on a receipt."""
FEW = 4
Key = tuple[str, str]
"""A unit: (sku, serial)."""


@dataclass(frozen=True)
class Plan:
    """How much of what; all names begin with `name`, so that one stack serves many loads."""

    name: str
    skus: int = 3
    receipts: int = 24
    units: int = 10
    orders: int = 24
    quantity: int = 4
    """Units of each of an order's two lines of serials; a third wants lots."""
    cancel_every: int = 6
    """Each so many-th order is cancelled once it has its goods."""
    put_away: bool = True
    dispatch: bool = True
    every: float = 0.2
    """Seconds from one receipt and order to the next."""

    def sku(self, number: int) -> str:
        """Name a product, counted round."""
        return f"{self.name}-{number % self.skus}"

    @property
    def food(self) -> str:
        """The product that is tracked by lot."""
        return f"{self.name}-lots"

    @property
    def lot_receipts(self) -> list[str]:
        """Receipts of lots, enough for all orders."""
        return [f"{self.name}-L{number}" for number in range(-(-self.orders // FEW))]

    def receipt_units(self) -> Iterator[tuple[str, str, list[str]]]:
        """Give every receipt with its product and serials."""
        for number in range(self.receipts):
            receipt = f"{self.name}-R{number}"
            yield receipt, self.sku(number), [f"{receipt}-{unit:03}" for unit in range(self.units)]

    def placed_orders(self) -> Iterator[tuple[str, list[OrderLine], bool]]:
        """Give every order with its lines, and whether it will be cancelled."""
        for number in range(self.orders):
            lines = [
                OrderLine(line=str(line + 1), sku=self.sku(number + line), quantity=self.quantity) for line in (0, 1)
            ]
            lines.append(OrderLine(line="3", sku=self.food, quantity=FOR_AN_ORDER))
            yield f"{self.name}-O{number}", lines, number % self.cancel_every == self.cancel_every - 1


def scanned_lots() -> list[ScannedLot]:
    """What a receipt of lots brings, as it is scanned."""
    return [ScannedLot(lot=lot, quantity=OF_A_LOT, expiry=expiry) for lot, expiry in LOTS.items()]


@dataclass
class Order:
    """What we know of an order of ours."""

    name: str
    lines: list[OrderLine]
    cancel: bool
    shipment: str
    given: set[Key] = field(default_factory=set)
    picked: set[Key] = field(default_factory=set)
    lots: dict[tuple[str, str], Decimal] = field(default_factory=dict)
    """Of lots at places, what it was given."""
    listed: Decimal = Decimal(0)
    """What of them stands on its pick list."""
    lots_picked: Decimal = Decimal(0)
    begun: bool = False
    packed: bool = False
    cancelled: bool = False

    @property
    def quantity(self) -> int:
        """Units that all lines of serials ask for."""
        return int(sum(line.quantity for line in self.lines[:2]))

    @property
    def full(self) -> bool:
        """Whether it was given all it wants."""
        return len(self.given) == self.quantity and sum(self.lots.values(), Decimal(0)) == self.listed == FOR_AN_ORDER

    @property
    def staged(self) -> bool:
        """Whether all of it is picked."""
        return len(self.picked) == self.quantity and self.lots_picked == FOR_AN_ORDER
