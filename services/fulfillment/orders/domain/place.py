"""Places orders and validates their lines."""

from collections import Counter
from collections.abc import Sequence
from hashlib import sha256

from services.fulfillment.orders.domain.demands import line_violations, request_allocation
from services.fulfillment.orders.domain.paths import order_path
from services.fulfillment.orders.domain.records import Line, Order
from services.fulfillment.orders.domain.unit_of_work import FulfillmentUnitOfWork
from shared.contracts.problems import Code, ProblemDetail
from shared.contracts.upstream import OrderLine, OrderPlaced


def content_hash(command: OrderPlaced) -> bytes:
    """Hash of the order content without its sender, to recognise a repeated message."""
    return sha256(command.model_dump_json(exclude={"actor", "cause"}).encode()).digest()


def create_order(uow: FulfillmentUnitOfWork, command: OrderPlaced) -> list[ProblemDetail]:
    """Create an order: request stock for lines with a defined product; the others await it (S08).

    A repeated order changes nothing; a different order with the same id is rejected.
    """
    received_hash = content_hash(command)
    if existing := uow.orders.get(command.order):
        return [] if existing.content_hash == received_hash else [order_exists(command.order)]
    if violations := validate_lines(uow, command.lines):
        return violations
    order = Order(
        order_id=command.order, warehouse=command.warehouse, customer=command.customer.id,
        customer_name=command.customer.name, ship_to=command.customer.ship_to, contact=command.customer.contact,
        priority=command.priority, backorders=command.backorders, placed_at=command.placed_at or uow.now,
        content_hash=received_hash, min_remaining_shelf_life_days=command.min_remaining_shelf_life_days,
        awaiting_warehouse=command.warehouse in uow.undefined_warehouses,
    )  # fmt: skip
    uow.orders.put(order)
    for requested in command.lines:
        add_line(uow, order, requested)
    uow.mark_order(order)
    uow.log(
        order.order_id, "PLACED", lines=len(command.lines), priority=command.priority, backorders=command.backorders
    )
    return []


def add_line(uow: FulfillmentUnitOfWork, order: Order, requested: OrderLine) -> None:
    """Add a line to an order and request its stock."""
    line = Line(
        order_id=order.order_id, line=requested.line, position=len(order.lines) + 1, sku=requested.sku,
        ordered=requested.quantity, serials=tuple(requested.serials), lots=tuple(requested.lots),
        single_lot=requested.single_lot,
    )  # fmt: skip
    order.lines[line.line] = uow.lines.put(line)
    uow.mark_ordered(line.sku)
    request_allocation(uow, order, line, uow.products.get(line.sku))


def order_exists(order_id: str) -> ProblemDetail:
    """A different order with the same id exists."""
    return ProblemDetail(
        code=Code.DOCUMENT_EXISTS,
        detail=f"Order {order_id} exists with different content",
        ids=[order_id],
        blocked_by=[order_path(order_id)],
    )


def validate_lines(uow: FulfillmentUnitOfWork, lines: Sequence[OrderLine]) -> list[ProblemDetail]:
    """Check the lines of a message, independent of the order."""
    violations = []
    if duplicates := [line for line, count in Counter(requested.line for requested in lines).items() if count > 1]:
        violations.append(
            ProblemDetail(code=Code.DUPLICATE_LINE, detail=f"Duplicate line {', '.join(duplicates)}", ids=duplicates)
        )
    serial_counts = Counter((requested.sku, serial) for requested in lines for serial in requested.serials)
    if repeated := [serial for (_, serial), count in serial_counts.items() if count > 1]:
        violations.append(
            ProblemDetail(
                code=Code.DUPLICATE_SERIAL_IN_REQUEST,
                detail=f"{len(repeated)} serial numbers are listed more than once",
                ids=repeated,
            )
        )
    for requested in lines:
        if len(requested.serials) > requested.quantity:
            detail = f"Line {requested.line}: {len(requested.serials)} serial numbers for {requested.quantity} units"
            violations.append(ProblemDetail(code=Code.TOO_MANY_SERIALS, detail=detail, ids=[requested.line]))
        if product := uow.products.get(requested.sku):
            violations += line_violations(product, requested, requested.quantity)
    return violations
