"""Checks holds and remaining shelf life when items are picked (S28)."""

from services.fulfillment.orders.domain import AllocatedItem, FulfillmentUnitOfWork, Order
from services.fulfillment.orders.domain.shelf_life import shelf_life_reason
from shared.contracts.problems import Code, ProblemDetail


def local_date_violation(uow: FulfillmentUnitOfWork, order: Order) -> ProblemDetail | None:
    """Violation if items have expiry dates, but the warehouse, and so its local date, is unknown."""
    if order.warehouse in uow.local_dates or not any(item.expiry for item in order.items):
        return None
    detail = f"Warehouse {order.warehouse} not found: its local date is required to check expiry dates"
    return ProblemDetail(code=Code.WAREHOUSE_NOT_FOUND, detail=detail, ids=[order.warehouse])


def pick_violation(uow: FulfillmentUnitOfWork, order: Order, item: AllocatedItem) -> ProblemDetail | None:
    """Violation if an item of the pick list must not be picked."""
    if item.on_hold:
        return ProblemDetail(
            code=Code.ON_HOLD, detail=f"{item} is on hold", ids=[item.identifier], blocked_by=[item.path]
        )
    if reason := shelf_life_reason(uow, order, item):
        code, text = reason
        detail = f"{text}; it is released and a replacement requested"
        return ProblemDetail(code=code, detail=detail, ids=[item.identifier])
    return None
