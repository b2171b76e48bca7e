"""Demands: how a line asks the owner of its stock, and how it stops asking."""

from collections.abc import Sequence
from decimal import Decimal

from services.fulfillment.orders.domain.act import Act
from services.fulfillment.orders.domain.book import Demand, Line, Order
from services.fulfillment.orders.domain.goods import NOTHING
from services.fulfillment.orders.domain.products import Product, misfits
from shared.contracts.fulfillment import AllocationRequested, AllocationWithdrawn, Shortfall
from shared.contracts.reference import Tracking


def request(
    act: Act,
    order: Order,
    line: Line,
    quantity: Decimal | int,
    tracking: Tracking,
    *,
    serials: Sequence[str] = (),
    lots: Sequence[str] = (),
    shortfall: Shortfall | None = None,
    instead_of: str | None = None,
) -> Demand:
    """Ask for stock under a new demand: of the lots named, or of those that will do for the line."""
    demand = Demand(
        demand=next(act.book.ids), order=order.order, line=line.line, sku=line.sku, tracking=tracking,
        quantity=Decimal(quantity), shortfall=shortfall or order.shortfall, serials=tuple(serials),
        lots=tuple(lots) or _lots(order, line), instead_of=instead_of,
    )  # fmt: skip
    act.book.demands.put(demand.demand, demand)
    line.demands[demand.demand] = demand
    act.touch(line)
    act.say(
        AllocationRequested(
            order=order.order, line=line.line, demand=demand.demand, sku=line.sku, tracking=tracking,
            warehouse=order.warehouse, quantity=demand.quantity, customer=order.customer.id, priority=order.priority,
            placed_at=order.placed_at, shortfall=demand.shortfall, serials=list(serials),
            lots=list(demand.lots), single_lot=line.single_lot, min_life_days=order.min_life_days, actor=act.actor,
            cause=act.cause,
        )
    )  # fmt: skip
    return demand


def _lots(order: Order, line: Line) -> tuple[str, ...]:
    """Those that a line names; of a line that wants a single lot the one it has, or had and sent off."""
    if not line.single_lot:
        return line.lots
    had = {pile.lot for pile in order.piles.values() if pile.line == line.line}
    if line.shipped_lot is not None:
        had.add(line.shipped_lot)
    return tuple(sorted(had)) or line.lots


def request_rest(act: Act, order: Order, line: Line, tracking: Tracking) -> None:
    """Ask for all that a line is short of: the units it names, and any others beyond them."""
    rest = line.short
    named = [serial for serial in line.serials if not _had(act, order, line, serial)][: int(rest)]
    if named:
        request(act, order, line, len(named), tracking, serials=named)
    if rest > len(named):
        request(act, order, line, rest - len(named), tracking)


def _had(act: Act, order: Order, line: Line, serial: str) -> bool:
    key = (line.sku, serial)
    return key in order.units or act.book.gone.get(key) == order.order


def withdraw(act: Act, order: Order, line: Line, reason: str) -> None:
    """Stop asking: every demand of the line ends, and what was allocated under it is free again (S11)."""
    for demand in line.standing():
        demand.withdrawn = True
        act.book.demands.put(demand.demand, demand)
        act.say(
            AllocationWithdrawn(
                order=order.order, line=line.line, demand=demand.demand, sku=line.sku, tracking=demand.tracking,
                reason=reason, actor=act.actor, cause=act.cause,
            )
        )  # fmt: skip
    for goods in order.goods:
        if goods.line == line.line and goods.status == "ALLOCATED":
            act.book.take_back(goods)
    line.allocated = NOTHING
    act.touch(line)


def ask_anew(act: Act, order: Order, line: Line, tracking: Tracking, why: str) -> None:
    """What is allocated to a line goes back, and with all else that it is short of it is asked for as a whole."""
    withdraw(act, order, line, why)
    begin(act, order, line, Product(tracking))


def begin(act: Act, order: Order, line: Line, product: Product | None) -> None:
    """A line asks for its stock if its product is known and such; it waits to be amended, or for another, otherwise."""
    line.waiting = product is None or bool(misfits(product, line, line.ordered))
    if product is not None and not line.waiting:
        request_rest(act, order, line, product.tracking)
    act.touch(line)


def wake(act: Act, order: Order, sku: str, product: Product | None) -> None:
    """A product is defined now, or tracked otherwise: lines that wait for it ask, others ask its new owner."""
    tracking = product and product.tracking
    for line in list(order.lines.values()):
        if line.sku != sku or line.cancelled or order.cancelled:
            continue
        if line.waiting:
            begin(act, order, line, product)
        elif any(demand.tracking != tracking for demand in line.standing()):
            withdraw(act, order, line, "the product is tracked otherwise now")
            begin(act, order, line, product)
        else:
            continue
        act.log(order.order, "product changed", line=line.line, sku=sku, tracking=tracking)
