"""Placing an order."""

from collections import Counter
from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256

from services.fulfillment.orders.domain.act import Act
from services.fulfillment.orders.domain.addresses import order_at
from services.fulfillment.orders.domain.book import Buyer, Line, Order
from services.fulfillment.orders.domain.demands import begin
from services.fulfillment.orders.domain.products import Products, misfits
from shared.contracts.problems import Code, Refusal
from shared.contracts.upstream import OrderLine, OrderPlaced


def digest(data: OrderPlaced) -> bytes:
    """What the order is known by when it comes again: all it says, but for who sent it."""
    return sha256(data.model_dump_json(exclude={"actor", "cause"}).encode()).digest()


def place(act: Act, data: OrderPlaced, products: Products, now: datetime) -> list[Refusal]:
    """A new order: lines whose product is known ask for their stock, the others wait (S08).

    The same order again changes nothing; another order under its name is refused.
    """
    said = digest(data)
    known = act.book.orders.get(data.order)
    if known is not None:
        return [] if known.digest == said else [exists(data.order)]
    if refusals := unfit(data.lines, products):
        return refusals
    order = Order(
        order=data.order, warehouse=data.warehouse, customer=Buyer.of(data.customer), priority=data.priority,
        backorders=data.backorders, placed_at=data.placed_at or now, digest=said, min_life_days=data.min_life_days,
    )  # fmt: skip
    act.touch_order(order)
    for wanted in data.lines:
        add_line(act, order, wanted, products)
    act.log(order.order, "placed", lines=len(data.lines), priority=data.priority, backorders=data.backorders)
    return []


def add_line(act: Act, order: Order, wanted: OrderLine, products: Products) -> None:
    """A line joins an order and asks for its stock."""
    line = Line(
        order=order.order, line=wanted.line, position=len(order.lines) + 1, sku=wanted.sku, ordered=wanted.quantity,
        serials=tuple(wanted.serials), lots=tuple(wanted.lots), single_lot=wanted.single_lot,
    )  # fmt: skip
    order.lines[line.line] = line
    begin(act, order, line, products.get(line.sku))


def exists(order: str) -> Refusal:
    """The order is there already, with another content."""
    return Refusal(
        code=Code.DOCUMENT_EXISTS,
        detail=f"order {order} was placed before, with another content",
        ids=[order],
        blocked_by=[order_at(order)],
    )


def unfit(lines: Sequence[OrderLine], products: Products) -> list[Refusal]:
    """What is wrong with the lines of a message, whatever the order."""
    refusals = []
    if twice := [line for line, count in Counter(wanted.line for wanted in lines).items() if count > 1]:
        refusals.append(Refusal(code=Code.LINE_REPEATED, detail=f"line {', '.join(twice)} comes twice", ids=twice))
    named = Counter((wanted.sku, serial) for wanted in lines for serial in wanted.serials)
    if again := [serial for (_, serial), count in named.items() if count > 1]:
        refusals.append(
            Refusal(code=Code.SERIAL_REPEATED, detail=f"{len(again)} serials are named more than once", ids=again)
        )
    for wanted in lines:
        if len(wanted.serials) > wanted.quantity:
            detail = f"line {wanted.line} names {len(wanted.serials)} serials for {wanted.quantity} units"
            refusals.append(Refusal(code=Code.SERIAL_COUNT, detail=detail, ids=[wanted.line]))
        if product := products.get(wanted.sku):
            refusals += misfits(product, wanted, wanted.quantity)
    return refusals
