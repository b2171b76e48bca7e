"""The dispatch check: may these units leave? Decided on what is true here, under the sku's lock (S28).

Approved is an answer, not a state: it reserves nothing, and ends by itself.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from services.serials.units.domain.book import Book
from services.serials.units.domain.limits import LimitsOf
from services.serials.units.domain.orders import by_sku
from services.serials.units.domain.unit import Unit
from shared.contracts.envelope import CloudEvent
from shared.contracts.fulfillment import DispatchRequested, PackedUnit
from shared.contracts.problems import Code
from shared.contracts.serials import DispatchApproved, DispatchRefused, RefusedUnit

GOOD_FOR = timedelta(minutes=15)

Verdict = DispatchApproved | DispatchRefused


class Guards(NamedTuple):
    """What is looked at before units leave, and when."""

    book: Book
    limits: LimitsOf
    now: datetime

    def why_not(self, unit: Unit, asked: DispatchRequested, line: str) -> tuple[Code, str] | None:
        """Say why a unit may not leave: not picked for this line, on hold, expired, too near its expiry."""
        if code := _why_not(unit, asked.order, line):
            return code, f"{unit.sku} {unit.serial} is {unit.state}"
        limit = self.limits.get(unit.pool)
        late = limit.to_leave(unit, asked.customer, asked.min_life_days) if limit else None
        return (late[0], f"{unit.sku} {unit.serial}: {late[1]}") if late else None

    def until(self, unit: Unit, asked: DispatchRequested) -> datetime:
        """Say how long it may: to the end of the last day on which it would be let go, a quarter of an hour at most."""
        limit = self.limits.get(unit.pool)
        last = limit.until(unit, asked.customer, asked.min_life_days) if limit else None
        return min(self.now + GOOD_FOR, last or self.now + GOOD_FOR)


def checked(
    book: Book, events: Sequence[CloudEvent[DispatchRequested]], limits: LimitsOf, now: datetime
) -> list[Verdict]:
    """Answer each product of each check: approved as a whole, or refused with every reason."""
    guards = Guards(book, limits, now)
    return [
        _verdict(guards, event, sku, content) for event in events for sku, content in by_sku(event.data.units).items()
    ]


def _verdict(guards: Guards, event: CloudEvent[DispatchRequested], sku: str, content: Sequence[PackedUnit]) -> Verdict:
    asked = event.data
    units = [(guards.book.unit(sku, packed.serial), packed.line) for packed in content]
    refused = [
        RefusedUnit(serial=unit.serial, code=no[0], detail=no[1])
        for unit, line in units
        if (no := guards.why_not(unit, asked, line))
    ]
    if refused:
        return DispatchRefused(
            actor=event.actor, cause=event.cause, sku=sku, check=asked.check, shipment=asked.shipment,
            order=asked.order, orders=asked.orders, units=refused,
        )  # fmt: skip
    return DispatchApproved(
        actor=event.actor, cause=event.cause, sku=sku, check=asked.check, shipment=asked.shipment,
        order=asked.order, orders=asked.orders, serials=[unit.serial for unit, _ in units],
        until=min(guards.until(unit, asked) for unit, _ in units),
    )  # fmt: skip


def _why_not(unit: Unit, order: str, line: str) -> Code | None:
    if unit.status != "PICKED" or unit.order != order:
        return Code.NOT_PICKED
    if unit.order_line != line:
        return Code.DOCUMENT_MISMATCH
    if unit.adjustment:
        return Code.ADJUSTED
    return Code.HELD if unit.holds else None
