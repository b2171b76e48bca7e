"""The dispatch check: may these units leave? Decided on what is true here, under the sku's lock (S28).

Approved is an answer, not a state: it reserves nothing, and ends by itself.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from services.serials.units.domain.book import Book
from services.serials.units.domain.orders import by_sku
from services.serials.units.domain.unit import Unit
from shared.contracts.envelope import CloudEvent
from shared.contracts.fulfillment import DispatchRequested, PackedUnit
from shared.contracts.problems import Code
from shared.contracts.serials import DispatchApproved, DispatchRefused, RefusedUnit

GOOD_FOR = timedelta(minutes=15)

Verdict = DispatchApproved | DispatchRefused


def checked(book: Book, events: Sequence[CloudEvent[DispatchRequested]], now: datetime) -> list[Verdict]:
    """Answer each product of each check: approved as a whole, or refused with every reason."""
    return [
        _verdict(book, event, sku, content, now)
        for event in events
        for sku, content in by_sku(event.data.units).items()
    ]


def _verdict(
    book: Book, event: CloudEvent[DispatchRequested], sku: str, content: Sequence[PackedUnit], now: datetime
) -> Verdict:
    asked = event.data
    refused = [
        RefusedUnit(serial=packed.serial, code=code, detail=f"{sku} {packed.serial} is {unit.state}")
        for packed in content
        for unit in [book.unit(sku, packed.serial)]
        if (code := _why_not(unit, asked.order, packed.line))
    ]
    if refused:
        return DispatchRefused(
            actor=event.actor, cause=event.cause, sku=sku, check=asked.check, shipment=asked.shipment,
            order=asked.order, orders=asked.orders, units=refused,
        )  # fmt: skip
    return DispatchApproved(
        actor=event.actor, cause=event.cause, sku=sku, check=asked.check, shipment=asked.shipment,
        order=asked.order, orders=asked.orders, serials=[packed.serial for packed in content], until=now + GOOD_FOR,
    )  # fmt: skip


def _why_not(unit: Unit, order: str, line: str) -> Code | None:
    if unit.status != "PICKED" or unit.order != order:
        return Code.NOT_PICKED
    if unit.order_line != line:
        return Code.DOCUMENT_MISMATCH
    if unit.adjustment:
        return Code.ADJUSTED
    return Code.HELD if unit.holds else None
