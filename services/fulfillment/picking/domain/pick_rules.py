"""Checks holds and remaining shelf life when items are picked (S28)."""

from services.fulfillment.orders.domain import AllocatedItem, FulfillmentUnitOfWork, Order
from shared.contracts.problems import Code, ProblemDetail
from shared.contracts.upstream import ShelfLifePolicy
from shared.inventory.expiry import shelf_life_violation


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
    if item.expiry is None:
        return None
    product = uow.products.get(item.sku)
    policy = product.shelf_life if product else ShelfLifePolicy()
    min_days = policy.min_remaining_shelf_life(order.customer, order.min_remaining_shelf_life_days)
    match shelf_life_violation(item.expiry, uow.local_dates[order.warehouse], policy.stop_allocation_days, min_days):
        case None:
            return None
        case "expired":
            detail = f"{item} expired on {item.expiry}; it is released and a replacement requested"
            return ProblemDetail(code=Code.EXPIRED, detail=detail, ids=[item.identifier])
        case "allocation_stopped":
            reason = f"picking stops {policy.stop_allocation_days} days before"
        case _:
            reason = f"{min_days} days of remaining shelf life are required"
    detail = f"{item} expires on {item.expiry}, {reason}; it is released and a replacement requested"
    return ProblemDetail(code=Code.INSUFFICIENT_SHELF_LIFE, detail=detail, ids=[item.identifier])
