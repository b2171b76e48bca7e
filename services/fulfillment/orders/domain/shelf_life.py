"""Remaining shelf life that an order requires of its items (S28)."""

from datetime import date

from services.fulfillment.orders.domain.items import AllocatedItem
from services.fulfillment.orders.domain.records import Order
from services.fulfillment.orders.domain.unit_of_work import FulfillmentUnitOfWork
from shared.contracts.problems import Code
from shared.contracts.product_attributes import ShelfLifePolicy
from shared.inventory.expiry import shelf_life_violation


def shelf_life_reason(uow: FulfillmentUnitOfWork, order: Order, item: AllocatedItem) -> tuple[Code, str] | None:
    """Why an item has too little remaining shelf life for its order; None if it has enough.

    The local date of the warehouse and the product must be loaded.
    """
    if item.expiry is None:
        return None
    product = uow.products.get(item.sku)
    policy = product.shelf_life if product else ShelfLifePolicy()
    min_days = policy.min_remaining_shelf_life(order.customer, order.min_remaining_shelf_life_days)
    return describe_shelf_life(str(item), item.expiry, policy, min_days, uow.local_dates[order.warehouse])


def describe_shelf_life(
    label: str, expiry: date, policy: ShelfLifePolicy, min_days: int, local_date: date
) -> tuple[Code, str] | None:
    """Why an expiry leaves too little remaining shelf life on a day; None if it leaves enough."""
    match shelf_life_violation(expiry, local_date, policy.stop_allocation_days, min_days):
        case None:
            return None
        case "expired":
            return Code.EXPIRED, f"{label} expired on {expiry}"
        case "allocation_stopped":
            reason = f"picking stops {policy.stop_allocation_days} days before"
        case _:
            reason = f"{min_days} days of remaining shelf life are required"
    return Code.INSUFFICIENT_SHELF_LIFE, f"{label} expires on {expiry}, {reason}"
