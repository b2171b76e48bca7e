"""What is counted, as it is worked on: lots, balances, what orders have of them, holds; and the ledger's words."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, Literal, NamedTuple

from shared.contracts.envelope import Cause, CloudEvent

LotKey = tuple[str, str]
"""Sku and lot number: the same number of two products is two lots."""

Key = tuple[str, str, str]
"""Sku, lot and location: one balance."""

Pool = tuple[str, str]
"""What a demand is served from: the free stock of a sku in a warehouse."""

HoldKind = Literal["ASKED", "SHORT_LIFE", "EXPIRY_DIFFERS", "EXPIRED", "RETURN", "NOT_FOUND", "RECALL"]

NOTHING = Decimal(0)
NEVER = date.max
"""When a lot without an expiry expires: a day too, the database's infinity."""

MOST = Decimal(1_000_000)
"""A message says no greater quantity of a lot."""


def parts(quantity: Decimal) -> Iterator[Decimal]:
    """Cut what lies there, or was counted, to what a message may say."""
    while quantity > 0:
        yield min(quantity, MOST)
        quantity -= MOST


class Change(StrEnum):
    """What can happen to a quantity; the ledger says it in these words."""

    RECEIVED = "RECEIVED"
    RETURNED = "RETURNED"
    PUT_AWAY = "PUT_AWAY"
    MOVED = "MOVED"
    PICKED = "PICKED"
    UNPICKED = "UNPICKED"
    SHIPPED = "SHIPPED"
    SCRAPPED = "SCRAPPED"
    LOST = "LOST"
    FOUND = "FOUND"
    COUNTED_UP = "COUNTED_UP"
    COUNTED_DOWN = "COUNTED_DOWN"
    SENT_BACK = "SENT_BACK"

    @property
    def words(self) -> str:
        """As a person reads it."""
        return self.value.lower().replace("_", " ")


class Told(NamedTuple):
    """Who said that something happens, when it did, in which message, and why (S22)."""

    actor: str
    occurred: datetime
    cause: Cause
    reason: str = ""

    @classmethod
    def by(cls, event: CloudEvent[Any], reason: str = "") -> "Told":
        """As a message tells it, with the reason it gives or another."""
        return cls(event.actor, event.time, event.cause, reason or getattr(event.data, "reason", ""))


class Papers(NamedTuple):
    """The documents of a change: what a person would ask for to see why."""

    receipt: str | None = None
    order_id: str | None = None
    line: str | None = None
    demand: str | None = None
    shipment: str | None = None
    customer: str | None = None
    return_id: str | None = None
    supplier: str | None = None


class Claim(NamedTuple):
    """An order line's demand: whom a quantity is for."""

    demand: str
    order_id: str
    line: str


@dataclass(slots=True)
class Working:
    """A working copy of a row: whether the row is still to be made, and whether it is to be written."""

    fresh: bool = field(default=True, kw_only=True)
    changed: bool = field(default=False, kw_only=True)


@dataclass(slots=True)
class Lot(Working):
    """A lot of a product and the dates that are in force."""

    sku: str
    lot: str
    expiry: date | None
    manufactured: date | None
    best_before: date | None
    first_received: datetime
    supplier: str


@dataclass(slots=True)
class Balance(Working):
    """How much of a lot lies at a place, and how much of that orders have."""

    sku: str
    lot: str
    location: str
    warehouse: str
    stored: bool
    on_hand: Decimal = NOTHING
    allocated: Decimal = NOTHING
    expiry: date = NEVER
    """Its lot's when it was loaded or made, for pages in that order; rules ask the lot."""
    due: date = date.min
    """When the clock looks at it next: at once, where it is new."""

    @property
    def key(self) -> Key:
        """Its name."""
        return self.sku, self.lot, self.location

    @property
    def free(self) -> Decimal:
        """What no order has of it, held or not."""
        return self.on_hand - self.allocated


@dataclass(slots=True)
class Reserved(Working):
    """How much of a balance is ALLOCATED under a demand."""

    demand: str
    lot: str
    location: str
    sku: str
    order_id: str
    line: str
    quantity: Decimal = NOTHING


@dataclass(slots=True)
class Picked(Working):
    """How much of a lot is picked under a demand, and has not left."""

    demand: str
    lot: str
    sku: str
    warehouse: str
    order_id: str
    line: str
    quantity: Decimal = NOTHING
    expiry: date = NEVER
    """As its balance's."""
    due: date = date.min
    """When the clock looks at it next, as at the place that it was picked from."""


@dataclass(slots=True)
class Hold(Working):
    """A hold on a lot, everywhere or at one place; of a return, how much waits for its disposition."""

    hold: str
    sku: str
    lot: str
    location: str | None
    kind: HoldKind
    reason: str
    role: str
    return_id: str | None
    waiting: Decimal
    opened_by: str
    opened_at: datetime
    lifted_by: str | None = None
    lifted_at: datetime | None = None
    lifted_reason: str | None = None
    id: int | None = None

    @property
    def lot_key(self) -> LotKey:
        """The lot that it is on."""
        return self.sku, self.lot

    @property
    def open(self) -> bool:
        """Whether it holds."""
        return self.lifted_at is None

    def covers(self, location: str) -> bool:
        """Whether what lies at a place is held by it."""
        return self.open and self.location in {None, location}


class Entry(NamedTuple):
    """A row of the ledger: by how much it changes what is on hand at a place, and what is picked in a warehouse."""

    change: str
    sku: str
    lot: str
    warehouse: str
    location: str | None
    on_hand: Decimal
    picked: Decimal
    reason: str
    actor: str
    occurred: datetime
    recorded: datetime
    cause_source: str
    cause_id: str
    receipt: str | None
    order_id: str | None
    line: str | None
    demand: str | None
    shipment: str | None
    customer: str | None
    return_id: str | None
    supplier: str | None


class Correction(NamedTuple):
    """A change of a lot's dates, as it is kept for ever."""

    sku: str
    lot: str
    expiry_before: date | None
    expiry: date | None
    manufactured_before: date | None
    manufactured: date | None
    best_before_before: date | None
    best_before: date | None
    reason: str
    actor: str
    occurred: datetime
    recorded: datetime
    cause_source: str
    cause_id: str
