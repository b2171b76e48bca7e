"""Stub of the serials service; it responds to events of fulfillment like the real service."""

from collections import defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from shared.contracts.envelope import Message
from shared.contracts.fulfillment import (
    AllocationCancelled,
    AllocationRequested,
    DispatchCheckRequested,
    OrderDispatched,
    OrderSerialsDeallocated,
    OrderSerialsPicked,
    OrderSerialsUnpicked,
)
from shared.contracts.serials import (
    AffectedSerial,
    AllocatedUnit,
    RejectedSerial,
    SerialAllocated,
    SerialDispatchApproved,
    SerialDispatchRejected,
    SerialHoldPlaced,
    SerialHoldReleased,
)


@dataclass
class SerialUnit:
    """A unit with its status, order and holds."""

    sku: str
    serial: str
    status: str = "IN_INVENTORY"
    demand_id: str | None = None
    order: str | None = None
    line: str | None = None
    holds: set[str] = field(default_factory=set)


@dataclass
class SerialDemand:
    """A demand with its open quantity."""

    request: AllocationRequested
    open_quantity: int
    status: str = "OPEN"


class SerialsStub:
    """Events are ordered per order in the inbox, and per product in the outbox."""

    def __init__(self, now: datetime) -> None:
        self.now = now
        self.units: dict[tuple[str, str], SerialUnit] = {}
        self.demands: dict[str, SerialDemand] = {}
        self.inbox: dict[str, deque[Message]] = defaultdict(deque)
        self.outbox: dict[str, deque[Message]] = defaultdict(deque)
        self.conflicts: list[str] = []

    def put_away(self, sku: str, serial: str) -> None:
        """Add an available unit."""
        self.units[sku, serial] = SerialUnit(sku, serial)
        self._allocate_backorders(sku, None)

    def place_hold(self, unit: SerialUnit, hold_id: str) -> None:
        """Place a hold on a unit."""
        unit.holds.add(hold_id)
        affected = [
            AffectedSerial(serial=unit.serial, order=order, line=unit.line or "", demand_id=unit.demand_id or "")
            for order in [unit.order] if order and unit.status in {"ALLOCATED", "PICKED"}
        ]  # fmt: skip
        self._publish(SerialHoldPlaced(sku=unit.sku, hold_id=hold_id, reason="suspicion", units=affected))

    def release_hold(self, unit: SerialUnit, hold_id: str) -> None:
        """Release a hold."""
        unit.holds.discard(hold_id)
        self._publish(SerialHoldReleased(sku=unit.sku, hold_id=hold_id, reason="fine", serials=[unit.serial]))
        self._allocate_backorders(unit.sku, None)

    def handle_next(self, order_id: str) -> None:
        """Process the next event of an order."""
        event = self.inbox[order_id].popleft()
        handlers: dict[type[Message], Callable[[Any], None]] = {
            AllocationRequested: self._on_allocation_requested,
            AllocationCancelled: self._on_allocation_cancelled,
            OrderSerialsDeallocated: self._on_serials_deallocated,
            OrderSerialsPicked: self._on_serials_picked,
            OrderSerialsUnpicked: self._on_serials_unpicked,
            DispatchCheckRequested: self._on_dispatch_check_requested,
            OrderDispatched: self._on_order_dispatched,
        }
        if handler := handlers.get(type(event)):
            handler(event)

    def _on_allocation_requested(self, event: AllocationRequested) -> None:
        if event.tracking == "SERIAL":
            self.demands[event.demand_id] = SerialDemand(event, int(event.quantity))
            self._allocate_backorders(event.sku, event.demand_id)

    def _on_allocation_cancelled(self, event: AllocationCancelled) -> None:
        if event.tracking != "SERIAL":
            return
        demand = self.demands[event.demand_id]
        demand.status, demand.open_quantity = "CANCELLED", 0
        for unit in self.units.values():
            if unit.demand_id == event.demand_id and unit.status == "ALLOCATED":
                self._release(unit)
        self._allocate_backorders(event.sku, None)

    def _on_serials_deallocated(self, event: OrderSerialsDeallocated) -> None:
        for unit in self._checked_units(event, "ALLOCATED"):
            self._release(unit)
            if event.hold_id:
                self.place_hold(unit, event.hold_id)
        self._reallocate(event)

    def _on_serials_picked(self, event: OrderSerialsPicked) -> None:
        for unit in self._checked_units(event, "ALLOCATED"):
            unit.status = "PICKED"

    def _on_serials_unpicked(self, event: OrderSerialsUnpicked) -> None:
        for unit in self._checked_units(event, "PICKED"):
            self._release(unit)
        self._reallocate(event)

    def _on_order_dispatched(self, event: OrderDispatched) -> None:
        for packed in event.units:
            unit = self.units[packed.sku, packed.serial]
            self._expect(unit.status == "PICKED" and unit.order == event.order, f"dispatched but not picked: {unit}")
            unit.status = "SHIPPED"

    def _checked_units(
        self, event: OrderSerialsDeallocated | OrderSerialsPicked | OrderSerialsUnpicked, status: str
    ) -> list[SerialUnit]:
        units = [self.units[event.sku, serial] for serial in event.serials]
        for unit in units:
            is_valid = (unit.status, unit.demand_id, unit.order, unit.line) == (
                status,
                event.demand_id,
                event.order,
                event.line,
            )
            self._expect(is_valid, f"{event} contradicts {unit}")
        return units

    def _reallocate(self, event: OrderSerialsDeallocated | OrderSerialsUnpicked) -> None:
        if event.reallocate:
            demand = self.demands[event.demand_id]
            self._expect(demand.status != "CANCELLED", f"reallocation under a cancelled demand: {event}")
            demand.open_quantity += len(event.serials)
            demand.status = "OPEN"
        hand_over = event.hand_over if isinstance(event, OrderSerialsDeallocated) else None
        if hand_over:
            narrow_demand = self.demands[hand_over.demand_id]
            if narrow_demand.status == "CLOSED":
                narrow_demand.open_quantity, narrow_demand.status = int(hand_over.open_quantity), "OPEN"
            self._allocate(hand_over.demand_id, hand_over.demand_id)
        self._allocate_backorders(event.sku, event.demand_id if event.reallocate else None)

    def _on_dispatch_check_requested(self, request: DispatchCheckRequested) -> None:
        for sku in sorted({unit.sku for unit in request.units}):
            units = [self.units[sku, packed.serial] for packed in request.units if packed.sku == sku]
            blocked = [unit for unit in units if unit.status != "PICKED" or unit.order != request.order or unit.holds]
            fields = {"sku": sku, "check_id": request.check_id, "shipment": request.shipment, "order": request.order}
            if blocked:
                rejected = [RejectedSerial(serial=unit.serial, code="on_hold", detail="on hold") for unit in blocked]
                self._publish(SerialDispatchRejected(**fields, orders=request.orders, units=rejected))
            else:
                serials, valid_until = [unit.serial for unit in units], self.now + timedelta(minutes=15)
                self._publish(
                    SerialDispatchApproved(**fields, orders=request.orders, serials=serials, valid_until=valid_until)
                )

    def _allocate_backorders(self, sku: str, requested_demand: str | None) -> None:
        narrow_first = sorted(self.demands.items(), key=lambda entry: not entry[1].request.serials)
        for demand_id, demand in narrow_first:
            if demand.request.sku == sku and demand.status == "OPEN":
                self._allocate(demand_id, requested_demand)

    def _allocate(self, demand_id: str, requested_demand: str | None) -> None:
        demand = self.demands[demand_id]
        if not demand.open_quantity and demand_id != requested_demand:
            return
        sku, listed = demand.request.sku, demand.request.serials
        available = [unit for unit in self.units.values() if unit.sku == sku and self.is_available(unit)]
        matching = [unit for unit in available if not listed or unit.serial in listed][: demand.open_quantity]
        for unit in matching:
            unit.status, unit.demand_id = "ALLOCATED", demand_id
            unit.order, unit.line = demand.request.order, demand.request.line
        demand.open_quantity -= len(matching)
        if matching or demand_id == requested_demand:
            self._publish_allocation(demand_id, demand, matching)

    def _publish_allocation(self, demand_id: str, demand: SerialDemand, units: list[SerialUnit]) -> None:
        open_quantity = demand.open_quantity
        if demand.request.shortfall == "CANCEL":
            demand.status, demand.open_quantity = "CLOSED", 0
        allocated = [AllocatedUnit(serial=unit.serial, location="EAST/A-1") for unit in units]
        self._publish(
            SerialAllocated(
                sku=demand.request.sku, demand_id=demand_id, order=demand.request.order, line=demand.request.line,
                allocated=allocated, open_quantity=open_quantity, final=demand.status == "CLOSED",
            )
        )  # fmt: skip

    def is_available(self, unit: SerialUnit) -> bool:
        """Whether a unit can be allocated."""
        return unit.status == "IN_INVENTORY" and not unit.holds

    def _release(self, unit: SerialUnit) -> None:
        unit.status, unit.demand_id, unit.order, unit.line = "IN_INVENTORY", None, None, None

    def _publish(self, event: Message) -> None:
        self.outbox[event.key()].append(event)

    def _expect(self, condition: bool, message: str) -> None:
        if not condition:
            self.conflicts.append(message)
