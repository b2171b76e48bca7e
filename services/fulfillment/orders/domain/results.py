"""Results of commands on orders: order status and resource path."""

from collections.abc import Sequence
from typing import Literal

from services.fulfillment.orders.domain.content import lot_lines
from services.fulfillment.orders.domain.items import AllocatedItem, AllocatedUnit
from services.fulfillment.orders.domain.mismatches import mismatched_items
from services.fulfillment.orders.domain.order_status import order_status
from services.fulfillment.orders.domain.paths import order_path
from services.fulfillment.orders.domain.records import Order
from services.fulfillment.orders.domain.unit_of_work import FulfillmentUnitOfWork
from shared.contracts.envelope import ContractModel
from shared.contracts.fulfillment import OrderStatus
from shared.contracts.problems import ProblemDetail
from shared.contracts.results import PartialResult
from shared.identifiers import Quantity
from shared.unit_of_work import CommandResult


class MismatchedItem(ContractModel):
    """A picked serial number, or quantity of a lot, that does not match its order.

    It blocks the dispatch until it is unpicked; the line is then served by what it requests.
    """

    line: str
    sku: str
    serial: str | None = None
    lot: str | None = None
    quantity: Quantity
    location: str
    carton: str | None
    reason: str


class OrderResult(PartialResult):
    """The status of an order; UNKNOWN if the order has not arrived yet: the change is applied when it does."""

    order: str
    status: OrderStatus | Literal["UNKNOWN"]
    path: str | None
    """The path of the order, or null if it has not arrived yet."""
    mismatched: list[MismatchedItem] = []


def order_result(uow: FulfillmentUnitOfWork, order: Order, violations: Sequence[ProblemDetail] = ()) -> CommandResult:
    """The result for an existing order."""
    body = OrderResult(
        order=order.order_id, status=order_status(order), path=order_path(order.order_id),
        mismatched=[_mismatched_item(item, reason) for item, reason in mismatched_items(uow, order)],
    )  # fmt: skip
    return CommandResult(body, violations=violations)


def _mismatched_item(item: AllocatedItem, reason: str) -> MismatchedItem:
    number = {"serial": item.serial} if isinstance(item, AllocatedUnit) else {"lot": item.lot}
    return MismatchedItem(
        line=item.line, sku=item.sku, quantity=item.quantity, location=item.location, carton=item.carton,
        reason=reason, **number,
    )  # fmt: skip


class UnitResult(ContractModel):
    """A serial number and its order line."""

    sku: str
    serial: str
    line: str


class LotResult(ContractModel):
    """A quantity of a lot and its order line."""

    sku: str
    lot: str
    quantity: Quantity
    line: str


class ItemsResult(PartialResult):
    """The processed items of a command; rejected ones are listed in `rejected`."""

    order: str
    status: OrderStatus
    units: list[UnitResult]
    stock: list[LotResult] = []
    path: str


def items_result(order: Order, items: Sequence[AllocatedItem], violations: Sequence[ProblemDetail]) -> CommandResult:
    """The result of a command on items; it is rejected if no item was processed."""
    if not items:
        return CommandResult.rejected(*violations)
    body = ItemsResult(
        order=order.order_id, status=order_status(order), path=order_path(order.order_id),
        units=[
            UnitResult(sku=item.sku, serial=item.serial, line=item.line)
            for item in items if isinstance(item, AllocatedUnit)
        ],
        stock=[
            LotResult(sku=line.sku, lot=line.lot, quantity=line.quantity, line=line.line) for line in lot_lines(items)
        ],
    )  # fmt: skip
    return CommandResult(body, violations=violations)
