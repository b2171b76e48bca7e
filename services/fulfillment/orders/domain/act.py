"""An act: one message at work on the book; what it touches, what it says, what the order's log keeps of it."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from services.fulfillment.orders.domain.book import Book, Line, Order
from services.fulfillment.orders.domain.content import contents, parted
from shared.contracts.envelope import MAX_UNITS, Cause, CloudEvent, Fact, chunks
from shared.contracts.fulfillment import CartonPacked, LineProgress, OrderChanged, OrderRejected, OrderStatus
from shared.contracts.problems import Code


class Entry(NamedTuple):
    """A line of an order's log: who did what to it, when (by its message), because of which message."""

    order: str
    actor: str
    what: str
    detail: dict[str, Any]
    source: str
    message: str


class Act:
    """One message at work on the book."""

    def __init__(self, book: Book, event: CloudEvent[Any]) -> None:
        self.book = book
        self.event = event
        self.actor = event.actor
        self.cause: Cause = event.cause
        self.entries: list[Entry] = []
        self._facts: list[Fact] = []
        self.touched: dict[str, dict[str, Line]] = {}
        """The orders that have changed, and which of their lines."""
        self._cartons: dict[str, str] = {}

    def say(self, fact: Fact) -> None:
        """A fact to publish."""
        self._facts.append(fact)

    def disagree(self, code: Code, detail: str, document: str, sku: str | None = None, ids: Sequence[str] = ()) -> None:
        """A sibling's fact does not fit: it changes nothing, and is shown until a supervisor closes it."""
        data = self.event.data
        self.say(
            OrderRejected(
                kind="DISAGREEMENT", document=document, refused_type=data.TYPE, code=code, detail=detail, sku=sku,
                ids=list(ids), actor=self.actor, cause=self.cause,
            )
        )  # fmt: skip

    def log(self, order: str, what: str, **detail: Any) -> None:
        """Keep in the order's log what was done."""
        entry = Entry(
            order=order, actor=self.actor, what=what, detail=detail, source=self.cause.source, message=self.cause.id,
        )  # fmt: skip
        self.entries.append(entry)

    def touch(self, line: Line) -> None:
        """A line has changed."""
        self.book.lines.put((line.order, line.line), line)
        self.touched.setdefault(line.order, {})[line.line] = line

    def touch_order(self, order: Order) -> None:
        """The order itself has changed: its customer, priority or whether it is cancelled."""
        self.book.orders.put(order.order, order)
        self.touched.setdefault(order.order, {})

    def repacked(self, order: Order, *cartons: str) -> None:
        """The content of cartons has changed."""
        for carton in cartons:
            self._cartons[carton] = order.order

    def ends_checks(self, order: Order) -> None:
        """What the order's shipments hold is no longer what was asked about."""
        order.packing += 1
        self.book.orders.put(order.order, order)

    def close(self) -> list[Fact]:
        """Everything the act has to say: its facts, what lies in the cartons now, where the orders stand."""
        for carton, order in self._cartons.items():
            self.say(_content(self, order, carton))
        for name, lines in self.touched.items():
            order_ = self.book.orders.get(name)
            if order_ is not None:
                self._stand(order_, list(lines.values()))
        return self._facts

    def _stand(self, order: Order, lines: Sequence[Line]) -> None:
        status = status_of(order)
        if status != order.status:
            order.status = status
            self.book.orders.put(order.order, order)
        for run in chunks(lines) if lines else [()]:
            self.say(
                OrderChanged(
                    order=order.order, status=status, warehouse=order.warehouse, customer=order.customer.id,
                    lines=[progress(line) for line in run], actor=self.actor, cause=self.cause,
                )
            )  # fmt: skip


def close_all(acts: Sequence[Act]) -> list[Fact]:
    """Everything that acts of one batch have to say; where an order stands is said once, by the last to touch it."""
    last: dict[str, Act] = {}
    for act in acts:
        for order in act.touched:
            if (before := last.get(order)) is not None:
                act.touched[order] = before.touched.pop(order) | act.touched[order]
            last[order] = act
    return [fact for act in acts for fact in act.close()]


def _content(act: Act, order: str, carton: str) -> CartonPacked:
    owner = act.book.orders.get(order)
    inside = contents([one for one in owner.goods if one.carton == carton]) if owner else []
    return CartonPacked(
        order=order, carton=carton, actor=act.actor, cause=act.cause, **parted(inside[:MAX_UNITS])
    )  # fmt: skip


def progress(line: Line) -> LineProgress:
    """Where a line stands, for those who wait for it."""
    return LineProgress(
        line=line.line, sku=line.sku, ordered=float(line.ordered), allocated=float(line.allocated),
        picked=float(line.picked), shipped=float(line.shipped), short=float(line.short),
        waiting=line.waiting and not line.cancelled, cancelled=line.cancelled,
    )  # fmt: skip


def status_of(order: Order) -> OrderStatus:
    """WAITING for a product, OPEN, COMPLETE when nothing more will come of it, CANCELLED when nothing is wanted."""
    wanted = [line for line in order.lines.values() if not line.cancelled]
    if order.cancelled or (not wanted and not any(line.shipped for line in order.lines.values())):
        return "CANCELLED"
    if any(line.waiting for line in wanted):
        return "WAITING"
    return "COMPLETE" if all(_done(order, line) for line in wanted) else "OPEN"


def _done(order: Order, line: Line) -> bool:
    if line.allocated or line.picked:
        return False
    dropped = order.shortfall == "DROP" and all(demand.closed for demand in line.standing())
    return line.short == Decimal(0) or dropped
