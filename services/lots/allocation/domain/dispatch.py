"""The dispatch check, decided on what is true here under the sku's lock, and what has left (S10, S28).

Approved is an answer, not a state: it reserves nothing, and ends by itself.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta

from services.lots.allocation.domain.leaving import Content, Guards, contents
from services.lots.balances.domain.refusals import written
from services.lots.balances.domain.stock import Papers, Told
from shared.contracts.counted import LotQuantity, PackedStock
from shared.contracts.envelope import CloudEvent, Fact
from shared.contracts.fulfillment import DispatchDone, DispatchRequested
from shared.contracts.lots import LotDispatchApproved, LotDispatchRefused, LotShipped, RefusedStock
from shared.contracts.problems import Code

GOOD_FOR = timedelta(minutes=15)
"""How long an approval is good at most."""

Verdict = LotDispatchApproved | LotDispatchRefused


def checked(guards: Guards, events: Sequence[CloudEvent[DispatchRequested]], now: datetime) -> list[Verdict]:
    """Answer each product of each check: approved as a whole, or refused with every reason."""
    return [_verdict(guards, event, sku, content, now) for event, sku, content in contents(guards.book, events)]


def _verdict(
    guards: Guards, event: CloudEvent[DispatchRequested], sku: str, content: Sequence[Content], now: datetime
) -> Verdict:
    asked = event.data
    refused, until = [], now + GOOD_FOR
    for part in content:
        if no := _why_not(guards, part, asked, now):
            code, detail = no
            refused.append(
                RefusedStock(line=part.line, sku=sku, lot=part.lot, quantity=part.quantity, code=code, detail=detail)
            )
        else:
            until = min(until, guards.until(part, asked.customer, asked.min_life_days) or until)
    if refused:
        return LotDispatchRefused(
            actor=event.actor, cause=event.cause, sku=sku, check=asked.check, shipment=asked.shipment,
            order=asked.order, orders=asked.orders, stock=refused,
        )  # fmt: skip
    stock = [PackedStock(line=part.line, sku=sku, lot=part.lot, quantity=part.quantity) for part in content]
    return LotDispatchApproved(
        actor=event.actor, cause=event.cause, sku=sku, check=asked.check, shipment=asked.shipment,
        order=asked.order, orders=asked.orders, stock=stock, until=until,
    )  # fmt: skip


def _why_not(guards: Guards, part: Content, asked: DispatchRequested, now: datetime) -> tuple[Code, str] | None:
    if part.picked < part.quantity:
        has = f"{written(part.picked)} are picked for order {asked.order} line {part.line}"
        return Code.NOT_PICKED, f"{part.named}: {has}"
    no = guards.why_not(part, now, asked.customer, asked.min_life_days)
    return (no[0], f"{part.named}: {no[1]}") if no else None


def dispatched(guards: Guards, events: Sequence[CloudEvent[DispatchDone]]) -> list[Fact]:
    """Quantities left with a shipment: even what was held or expired meanwhile, whose customer is to be called."""
    said: list[Fact] = []
    for event, sku, content in contents(guards.book, events):
        fact, lines = event.data, dict[str, list[LotQuantity]]()
        left = f"left with shipment {fact.shipment} of order {fact.order}"
        for part in content:
            if part.picked < part.quantity:
                detail = f"{part.named} {left}, of which {written(part.picked)} are picked for line {part.line}"
                guards.book.misfit(event, Code.ILLEGAL_TRANSITION, detail, sku, [part.lot])
                continue
            _ship(guards, event, part)
            lines.setdefault(part.line, []).append(LotQuantity(lot=part.lot, quantity=part.quantity))
            # As it left, not as it is told of: a message may lie overnight.
            if no := guards.why_not(part, event.time, fact.customer, 0):
                detail = f"{part.named} {left} although {no[1]}, call customer {fact.customer}"
                guards.book.misfit(event, no[0], detail, sku, [part.lot])
        said += [
            LotShipped(
                actor=event.actor, cause=event.cause, sku=sku, order=fact.order, line=line,
                shipment=fact.shipment, customer=fact.customer, lots=lots,
            )
            for line, lots in lines.items()
        ]  # fmt: skip
    return said


def _ship(guards: Guards, event: CloudEvent[DispatchDone], part: Content) -> None:
    """Take it from what is picked for the line, the older demand first."""
    fact, left = event.data, part.quantity
    for row in part.rows:
        quantity = min(row.quantity, left)
        if quantity:
            papers = Papers(
                order_id=fact.order, line=part.line, demand=row.demand, shipment=fact.shipment, customer=fact.customer
            )
            guards.book.ship(row, quantity, Told.by(event), papers)
            left -= quantity
