"""What keeps picked goods from leaving, looked at by the dispatch check, and again when they have left (S28)."""

from collections.abc import Iterator, Sequence
from datetime import date, datetime
from decimal import Decimal
from typing import NamedTuple, TypeVar

from services.lots.allocation.domain.limits import Limits, LimitsOf
from services.lots.balances.domain.book import Book
from services.lots.balances.domain.refusals import named, written
from services.lots.balances.domain.stock import NOTHING, Picked
from shared.contracts.envelope import CloudEvent
from shared.contracts.fulfillment import DispatchDone, DispatchRequested
from shared.contracts.problems import Code
from shared.stock.expiry import good_until, too_late

Leaving = TypeVar("Leaving", DispatchRequested, DispatchDone)


class Content(NamedTuple):
    """So much of a lot in an order's cartons, and what is picked of it for the order line."""

    line: str
    sku: str
    lot: str
    quantity: Decimal
    rows: Sequence[Picked]

    @property
    def picked(self) -> Decimal:
        """How much of it is picked for the line."""
        return sum((row.quantity for row in self.rows), NOTHING)

    @property
    def named(self) -> str:
        """As people are told of it."""
        return f"{written(self.quantity)} of {named(self.sku, self.lot)}"


class Guards(NamedTuple):
    """What is looked at before goods leave."""

    book: Book
    limits: LimitsOf

    def of(self, part: Content) -> Limits:
        """Give what holds in the warehouse where it was picked."""
        return self.limits.get((part.sku, part.rows[0].warehouse if part.rows else ""), Limits())

    def why_not(self, part: Content, now: datetime, customer: str, asked: int) -> tuple[Code, str] | None:
        """Say why goods that are picked may not leave: on hold, expired, too short a life for this customer's order."""
        for hold in self.book.on(part.sku, part.lot):
            if hold.location is None:
                return Code.HELD, f"on hold {hold.hold}: {hold.reason}"
        limits, expiry = self.of(part), self.expiry(part)
        life = limits.life.min_life(customer, asked)
        late = too_late(expiry, limits.day(now), min_life=life)
        if late == "expired":
            return Code.EXPIRED, f"it expired on {expiry}"
        return (Code.LIFE_TOO_SHORT, f"it expires on {expiry}, {life} days are demanded") if late else None

    def until(self, part: Content, customer: str, asked: int) -> datetime | None:
        """Say when its life will be too short to leave."""
        limits = self.of(part)
        return good_until(self.expiry(part), limits.time_zone, min_life=limits.life.min_life(customer, asked))

    def expiry(self, part: Content) -> date | None:
        """Give the date in force."""
        lot = self.book.lots.get((part.sku, part.lot))
        return lot.expiry if lot else None


def contents(
    book: Book, events: Sequence[CloudEvent[Leaving]]
) -> Iterator[tuple[CloudEvent[Leaving], str, list[Content]]]:
    """Sum up what lies in cartons by sku, line and lot, beside what is picked for the line."""
    picked: dict[tuple[str, str, str, str], list[Picked]] = {}
    for row in sorted(book.picked.values(), key=lambda row: row.demand):
        picked.setdefault((row.order_id, row.line, row.sku, row.lot), []).append(row)
    for event in events:
        packed: dict[tuple[str, str, str], Decimal] = {}
        for part in event.data.stock:
            key = part.line, part.sku, part.lot
            packed[key] = packed.get(key, NOTHING) + part.quantity
        by_sku: dict[str, list[Content]] = {}
        for (line, sku, lot), quantity in packed.items():
            rows = picked.get((event.data.order, line, sku, lot), ())
            by_sku.setdefault(sku, []).append(Content(line, sku, lot, quantity, rows))
        for sku, content in by_sku.items():
            yield event, sku, content
