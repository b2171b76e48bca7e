"""Unit of work of shipping: cartons, shipments and dispatch checks."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, NamedTuple

from services.fulfillment.orders.domain import AllocatedItem, FulfillmentUnitOfWork, WorkingSet
from shared.contracts.problems import Code


@dataclass(slots=True)
class Carton:
    """A carton of an order, and its shipment."""

    carton: str
    order_id: str
    shipment: str | None = None
    dispatched: bool = False


@dataclass(slots=True)
class Shipment:
    """Cartons that are dispatched together; every change locks all its orders."""

    shipment: str
    warehouse: str
    orders: tuple[str, ...]
    carrier: str
    tracking_number: str
    created_at: datetime
    created_by: str
    status: Literal["CREATED", "DISPATCHED", "CANCELLED"] = "CREATED"
    check_id: str | None = None
    """The current check; answers to others are ignored."""
    dispatched_at: datetime | None = None


class Reason(NamedTuple):
    """Why a shipment, or a unit or lot of it, cannot be dispatched."""

    code: Code
    detail: str
    sku: str = ""
    serial: str = ""
    lot: str = ""


@dataclass(slots=True)
class DispatchCheck:
    """A dispatch check of a shipment by the stock services, under a unique id."""

    check_id: str
    shipment: str
    orders: tuple[str, ...]
    packing_versions: tuple[int, ...]
    """The packing version of each order at the request; a later change makes the check obsolete."""
    requested_count: int
    requested_at: datetime
    actor: str
    approved_count: int = 0
    valid_until: datetime | None = None
    status: Literal["PENDING", "DISPATCHED", "REJECTED", "CANCELLED"] = "PENDING"
    reasons: list[Reason] = field(default_factory=list)
    ended_at: datetime | None = None


class ShippingUnitOfWork:
    """Cartons, shipments and dispatch checks of the loaded orders."""

    def __init__(
        self,
        uow: FulfillmentUnitOfWork,
        now: datetime,
        cartons: Iterable[Carton] = (),
        shipments: Iterable[Shipment] = (),
        checks: Iterable[DispatchCheck] = (),
    ) -> None:
        self.uow = uow
        self.now = now
        self.cartons = WorkingSet({carton.carton: carton for carton in cartons})
        self.shipments = WorkingSet({shipment.shipment: shipment for shipment in shipments})
        self.checks = WorkingSet({check.check_id: check for check in checks})

    def content_by_order(self, shipment: Shipment) -> dict[str, list[AllocatedItem]]:
        """The packed items of a shipment, by order."""
        content: dict[str, list[AllocatedItem]] = {}
        for order_id in shipment.orders:
            if order := self.uow.orders.get(order_id):
                items = [item for item in order.items if self.shipment_of(item) == shipment.shipment]
                if items:
                    content[order_id] = items
        return content

    def shipment_of(self, item: AllocatedItem) -> str | None:
        """The shipment of a picked item, if it is packed for one."""
        carton = self.cartons.get(item.carton) if item.carton and item.status == "PICKED" else None
        return carton.shipment if carton else None

    def close_check(
        self, check: DispatchCheck, status: Literal["DISPATCHED", "REJECTED", "CANCELLED"], *reasons: Reason
    ) -> None:
        """Close a check; later answers are ignored."""
        check.status, check.ended_at = status, self.now
        check.reasons += reasons
        self.checks.put(check.check_id, check)
