"""Finding the order, and the units, that a command names; what is said when they are not what it takes them for."""

from collections.abc import Iterable, Sequence
from typing import Any, Protocol

from services.fulfillment.orders.domain.addresses import order_at, unit_at
from services.fulfillment.orders.domain.book import Book, Order
from services.fulfillment.orders.domain.goods import Key
from shared.contracts.problems import Code, Refusal
from shared.contracts.reference import Tracking
from shared.identifiers import warehouse_of


class Spot(Protocol):
    """A location as the replica knows it."""

    @property
    def type(self) -> str:
        """DOCK, STAGING or STORAGE."""


def unknown_order(order: str) -> Refusal:
    """No such order is here."""
    return Refusal(code=Code.UNKNOWN_ORDER, detail=f"no order {order} was placed here", ids=[order])


def cancelled_order(order: Order) -> Refusal:
    """The order is cancelled."""
    detail = f"order {order.order} was cancelled"
    return Refusal(code=Code.ORDER_CANCELLED, detail=detail, ids=[order.order], blocked_by=[order_at(order.order)])


def wrong_place(order: Order, location: str, spot: Spot | None, fits: Sequence[str]) -> list[Refusal]:
    """What is wrong with a location for the order, of whatever types fit."""
    if spot is None:
        return [Refusal(code=Code.UNKNOWN_LOCATION, detail=f"no location {location} is defined", ids=[location])]
    if warehouse_of(location) != order.warehouse:
        detail = f"{location} is not in {order.warehouse}, where order {order.order} is"
        return [Refusal(code=Code.WRONG_WAREHOUSE, detail=detail, ids=[location])]
    if spot.type not in fits:
        detail = f"{location} is of type {spot.type}, not {' or '.join(fits)}"
        return [Refusal(code=Code.WRONG_LOCATION_TYPE, detail=detail, ids=[location])]
    return []


def elsewhere(book: Book, key: Key, order: Order | None) -> list[str]:
    """Where a unit is that is not in an order's hands: with another order, or as the registry knows it (S20)."""
    if unit := book.units.get(key):
        return [order_at(unit.order)] if order is None or unit.order != order.order else [order_at(order.order)]
    return [order_at(book.gone[key])] if key in book.gone else [unit_at(*key)]


def repeated(keys: Iterable[Key]) -> list[Refusal]:
    """A unit named twice in a message: refused each time but the first."""
    seen: set[Key] = set()
    refusals = []
    for sku, serial in keys:
        if (sku, serial) in seen:
            detail = f"{sku} {serial} comes twice in the message"
            refusals.append(Refusal(code=Code.SERIAL_REPEATED, detail=detail, ids=[serial]))
        seen.add((sku, serial))
    return refusals


def keys_of(units: Iterable[Any]) -> list[Key]:
    """The units that a command names, each once, in its order."""
    return list(dict.fromkeys((unit.sku, unit.serial) for unit in units))


def trackings_of(order: Order, sku: str) -> set[Tracking]:
    """How the owner of a product was asked for it for an order: by serial, or by quantity."""
    lines = [line for line in order.lines.values() if line.sku == sku]
    return {demand.tracking for line in lines for demand in line.standing()}


def may_come(order: Order, sku: str) -> bool:
    """Whether goods of the product may just have been given to the order, their news still under way."""
    return any(
        not demand.closed for line in order.lines.values() if line.sku == sku and line.short
        for demand in line.standing()
    )  # fmt: skip
