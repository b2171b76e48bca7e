"""What an order has in hand: serialised units, and piles of what is counted. Most rules treat both alike.

A pile is so much of a lot that shares one fate. It splits when a part of it is picked, packed or given back; piles that
nothing tells apart any more are made one again before they are saved.
"""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from typing import ClassVar, Literal, NamedTuple

from services.fulfillment.orders.domain.addresses import stock_at, unit_at

Key = tuple[str, str]
"""A unit: (sku, serial)."""

Status = Literal["ALLOCATED", "PICKED", "SHIPPED"]
NOTHING = Decimal(0)


@dataclass(slots=True)
class Unit:
    """A serialised unit given to an order: one row while it is in hand, one for each shipment it left with."""

    sku: str
    serial: str
    order: str
    line: str
    demand: str
    location: str
    status: Status = "ALLOCATED"
    carton: str | None = None
    shipment: str = ""
    held: bool = False
    expiry: date | None = None
    quantity: ClassVar[Decimal] = Decimal(1)

    @property
    def key(self) -> Key:
        """What it is known by while it is in hand."""
        return (self.sku, self.serial)

    @property
    def number(self) -> str:
        """What is on its label."""
        return self.serial

    @property
    def at(self) -> str:
        """Where its owner tells all of it."""
        return unit_at(self.sku, self.serial)

    def __str__(self) -> str:
        """As people are told of it."""
        return f"{self.sku} {self.serial}"


@dataclass(slots=True)
class Pile:
    """So much of a lot given to an order, for one line under one demand, in one place and carton."""

    pile: str
    sku: str
    lot: str
    order: str
    line: str
    demand: str
    location: str
    quantity: Decimal
    expiry: date | None = None
    status: Status = "ALLOCATED"
    carton: str | None = None
    shipment: str = ""
    held: bool = False

    @property
    def number(self) -> str:
        """What is on its label; of what has no lots the product."""
        return self.lot or self.sku

    @property
    def at(self) -> str:
        """Where its owner tells all of it."""
        return stock_at(self.sku, self.lot)

    @property
    def seat(self) -> tuple[object, ...]:
        """All that tells it from another pile."""
        at = (self.location, self.status, self.carton, self.shipment)
        return (self.sku, self.lot, self.expiry, self.order, self.line, self.demand, *at)

    def __str__(self) -> str:
        """As people are told of it."""
        return f"{written(self.quantity)} of {named(self.sku, self.lot)}"


Goods = Unit | Pile


class Group(NamedTuple):
    """What one fact about goods is about."""

    line: str
    demand: str
    sku: str


def grouped(goods: Iterable[Goods]) -> Mapping[Group, list[Goods]]:
    """Goods by the line, demand and product that a fact about them names."""
    groups: dict[Group, list[Goods]] = defaultdict(list)
    for one in goods:
        groups[Group(one.line, one.demand, one.sku)].append(one)
    return groups


def amount(goods: Iterable[Goods]) -> Decimal:
    """How much that is, in the product's unit."""
    return sum((one.quantity for one in goods), NOTHING)


def named(sku: str, lot: str) -> str:
    """A lot as people are told of it; of a product without lots, the product."""
    return f"{sku} lot {lot}" if lot else sku


def written(quantity: Decimal) -> str:
    """A quantity as people are told of it."""
    return f"{quantity.normalize():f}"
