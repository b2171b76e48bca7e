"""The yard: cartons, shipments and dispatch checks of the orders that a batch is about."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal, NamedTuple

from services.fulfillment.orders.domain import Book, Goods, Shelf


@dataclass(slots=True)
class Carton:
    """A carton of an order, and the shipment it is in."""

    carton: str
    order: str
    shipment: str | None = None
    shipped: bool = False


@dataclass(slots=True)
class Shipment:
    """Cartons that leave together; every order of it is locked by whoever touches it."""

    shipment: str
    warehouse: str
    orders: tuple[str, ...]
    carrier: str
    tracking_number: str
    created_at: datetime
    created_by: str
    status: Literal["CREATED", "DISPATCHED", "CANCELLED"] = "CREATED"
    check: str | None = None
    """The one check whose answers count."""
    dispatched_at: datetime | None = None


class Reason(NamedTuple):
    """Why a shipment, or a unit or lot of it, may not leave."""

    code: str
    detail: str
    sku: str = ""
    serial: str = ""
    lot: str = ""


@dataclass(slots=True)
class Check:
    """The question whether a shipment may leave, asked of the owners of its goods under an id never used before."""

    check: str
    shipment: str
    orders: tuple[str, ...]
    packing: tuple[int, ...]
    """Of each order when it was asked: once it has risen, the answers are about something else."""
    asked: int
    at: datetime
    actor: str
    approved: int = 0
    until: datetime | None = None
    status: Literal["CHECKING", "DISPATCHED", "REFUSED", "ENDED"] = "CHECKING"
    reasons: list[Reason] = field(default_factory=list)
    ended_at: datetime | None = None


class Yard:
    """What is packed and what shall leave, of the orders in the book."""

    def __init__(
        self,
        book: Book,
        now: datetime,
        cartons: Iterable[Carton] = (),
        shipments: Iterable[Shipment] = (),
        checks: Iterable[Check] = (),
    ) -> None:
        self.book = book
        self.now = now
        self.cartons = Shelf({carton.carton: carton for carton in cartons})
        self.shipments = Shelf({shipment.shipment: shipment for shipment in shipments})
        self.checks = Shelf({check.check: check for check in checks})

    def content(self, shipment: Shipment) -> dict[str, list[Goods]]:
        """The picked goods in a shipment's cartons, by order."""
        inside: dict[str, list[Goods]] = {}
        for name in shipment.orders:
            if order := self.book.orders.get(name):
                goods = [one for one in order.goods if self.booked(one) == shipment.shipment]
                if goods:
                    inside[name] = goods
        return inside

    def booked(self, goods: Goods) -> str | None:
        """The shipment that picked goods shall leave with, if they lie in a carton of one."""
        carton = self.cartons.get(goods.carton) if goods.carton and goods.status == "PICKED" else None
        return carton.shipment if carton else None

    def end(self, check: Check, status: Literal["DISPATCHED", "REFUSED", "ENDED"], *reasons: Reason) -> None:
        """A check is over; answers that are still under way change nothing."""
        check.status, check.ended_at = status, self.now
        check.reasons += reasons
        self.checks.put(check.check, check)
