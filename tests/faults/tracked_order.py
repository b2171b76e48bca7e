"""State of an order of the load, from the events about it."""

from dataclasses import dataclass, field
from decimal import Decimal
from typing import TypeVar

from shared.contracts.envelope import Message
from shared.contracts.fulfillment import (
    CartonPacked,
    OrderLotsDeallocated,
    OrderLotsPicked,
    OrderLotsUnpicked,
    OrderSerialsDeallocated,
    OrderSerialsPicked,
    OrderStatusChanged,
)
from shared.contracts.lots import LotAllocated, LotPicked, LotShipped, LotUnpicked
from shared.contracts.serials import SerialAllocated
from shared.contracts.upstream import OrderLine
from tests.faults.plan import ORDERED_PER_ORDER, Correction, UnitKey

ZERO = Decimal(0)
K = TypeVar("K")


@dataclass
class TrackedOrder:
    """State of an order of the load."""

    name: str
    lines: list[OrderLine]
    to_cancel: bool
    shipment: str
    correction: Correction | None = None
    allocated: set[UnitKey] = field(default_factory=set)
    """Allocated units, picked ones too."""
    picked: set[UnitKey] = field(default_factory=set)
    lots: dict[tuple[str, str], Decimal] = field(default_factory=dict)
    """Quantity to pick by lot and location."""
    picked_lots: dict[str, Decimal] = field(default_factory=dict)
    """Picked quantity by lot."""
    booked: Decimal = ZERO
    """Picked quantity that the lots service has booked."""
    shipped: Decimal = ZERO
    packed_units: set[UnitKey] = field(default_factory=set)
    packed_lots: dict[str, Decimal] = field(default_factory=dict)
    listed: dict[str, Decimal] = field(default_factory=dict)
    """Quantity on the pick list, picked or packed, by line."""
    awaited: set[type[Message]] = field(default_factory=set)
    """Answers to a reported short pick that have not come yet."""
    is_corrected: bool = False
    was_released: bool = False
    """Whether an allocated or picked lot has left the order."""
    is_started: bool = False
    is_moving: bool = False
    """Whether a pick or unpick may not have had its whole effect yet."""
    is_refused: bool = False
    """Whether its dispatch was rejected because of its picked lots."""
    cancelled: bool = False

    def update(self, data: Message) -> None:
        """Update the state from an event."""
        match data:
            case SerialAllocated(sku=sku, allocated=allocated):
                self.allocated |= {(sku, unit.serial) for unit in allocated}
            case OrderSerialsDeallocated(sku=sku, serials=serials):
                self.allocated -= {(sku, serial) for serial in serials}
                self._release(data)
            case OrderSerialsPicked(sku=sku, serials=serials):
                self.picked |= {(sku, serial) for serial in serials}
            case CartonPacked(units=units, stock=stock):
                self.packed_units = {(unit.sku, unit.serial) for unit in units}
                self.packed_lots = {}
                for packed in stock:
                    _add(self.packed_lots, packed.lot, packed.quantity)
            case OrderStatusChanged(status=status, lines=lines):
                self.cancelled |= status in ("CANCELLED", "CLOSED_SHORT")
                self.listed = {line.line: Decimal(str(line.allocated + line.picked + line.packed)) for line in lines}
            case _:
                self._update_lots(data)

    def _update_lots(self, data: Message) -> None:
        match data:
            case LotAllocated(allocated=allocated):
                for part in allocated:
                    _add(self.lots, (part.lot, part.location), part.quantity)
            case OrderLotsDeallocated(lots=lots):
                for released in lots:
                    _add(self.lots, (released.lot, released.location), -released.quantity)
                self._release(data)
            case OrderLotsPicked(lots=lots):
                for lot in lots:
                    _add(self.lots, (lot.lot, lot.location), -lot.quantity)
                    _add(self.picked_lots, lot.lot, lot.quantity)
                self.is_moving &= self.lots_picked != ORDERED_PER_ORDER
            case OrderLotsUnpicked(lots=lots):
                for unpicked in lots:
                    _add(self.picked_lots, unpicked.lot, -unpicked.quantity)
                self._release(data)
                self.is_moving = self.is_started = False
            case LotPicked() | LotUnpicked() | LotShipped():
                self._update_booked(data)

    def _update_booked(self, data: LotPicked | LotUnpicked | LotShipped) -> None:
        quantity = sum((lot.quantity for lot in data.lots), ZERO)
        match data:
            case LotPicked():
                self.booked += quantity
            case LotUnpicked():
                self.booked -= quantity
            case LotShipped():
                self.shipped += quantity

    def _release(self, data: Message) -> None:
        self.awaited.discard(type(data))
        self.was_released = True
        self.listed = {}

    @property
    def lot_line(self) -> OrderLine:
        """Return the line of the lot-tracked product."""
        return self.lines[-1]

    @property
    def quantity(self) -> int:
        """Return the units ordered on all serial lines."""
        return int(sum(line.quantity for line in self.lines[:2]))

    @property
    def lots_picked(self) -> Decimal:
        """Return the picked lot quantity."""
        return sum(self.picked_lots.values(), ZERO)

    @property
    def is_fully_allocated(self) -> bool:
        """Return whether all lines are fully allocated or picked, and the lots are on the pick list."""
        lots = sum(self.lots.values(), self.lots_picked)
        return (
            not self.awaited
            and len(self.allocated) == self.quantity
            and lots == self.listed.get(self.lot_line.line) == ORDERED_PER_ORDER
        )

    @property
    def is_listed(self) -> bool:
        """Return whether everything ordered is on the pick list."""
        return self.is_fully_allocated and all(self.listed[line.line] == line.quantity for line in self.lines)

    @property
    def is_fully_picked(self) -> bool:
        """Return whether all lines are fully picked."""
        return len(self.picked) == self.quantity and self.lots_picked == ORDERED_PER_ORDER

    @property
    def packed(self) -> bool:
        """Return whether everything ordered is packed."""
        return self.is_fully_picked and (self.packed_units, self.packed_lots) == (self.picked, self.picked_lots)

    @property
    def is_booked(self) -> bool:
        """Return whether all moves of its lots have had their effect on the stock."""
        return not self.is_moving and self.booked == self.lots_picked


def _add(quantities: dict[K, Decimal], key: K, quantity: Decimal) -> None:
    quantities[key] = quantities.get(key, ZERO) + quantity
    if not quantities[key]:
        del quantities[key]
