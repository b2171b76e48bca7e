"""Stub of the lots service; it responds to events of fulfillment like the real service."""

from collections import defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from shared.contracts.envelope import Message
from shared.contracts.fulfillment import (
    AllocationCancelled,
    AllocationRequested,
    DispatchCheckRequested,
    OrderDispatched,
    OrderLotsDeallocated,
    OrderLotsPicked,
    OrderLotsUnpicked,
)
from shared.contracts.lots import (
    AffectedLot,
    AllocatedLot,
    LotAllocated,
    LotDispatchApproved,
    LotDispatchRejected,
    LotHoldPlaced,
    LotHoldReleased,
    RejectedLot,
    SkippedLots,
)
from shared.contracts.quantities import PackedLot
from shared.inventory.demand import Breadth, breadth
from shared.inventory.skip_reason import SkipReason

LotLocation = tuple[str, str, str]
"""(sku, lot, location)"""
ZERO = Decimal(0)


@dataclass
class LotDemand:
    """A demand with its open quantity; `lot` is the assigned lot of a single-lot demand."""

    request: AllocationRequested
    open_quantity: Decimal
    status: str = "OPEN"
    lot: str | None = None


class LotsStub:
    """Events are ordered per order in the inbox, and per product in the outbox."""

    def __init__(self, now: datetime) -> None:
        self.now = now
        self.available: dict[LotLocation, Decimal] = defaultdict(Decimal)
        self.missing: dict[LotLocation, Decimal] = defaultdict(Decimal)
        """Reported by pickers, under investigation."""
        self.allocated: dict[tuple[str, str, str], Decimal] = defaultdict(Decimal)
        """By demand, lot and location."""
        self.picked: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
        """By demand and lot."""
        self.shipped: dict[tuple[str, str], Decimal] = defaultdict(Decimal)
        """By order and line."""
        self.received_quantity = ZERO
        self.demands: dict[str, LotDemand] = {}
        self.holds: dict[str, tuple[str, str, str | None]] = {}
        self.inbox: dict[str, deque[Message]] = defaultdict(deque)
        self.outbox: dict[str, deque[Message]] = defaultdict(deque)
        self.conflicts: list[str] = []

    def put_away(self, lot_location: LotLocation, quantity: Decimal) -> None:
        """Add an available quantity."""
        self.available[lot_location] += quantity
        self.received_quantity += quantity
        self._allocate_backorders(lot_location[0], None)

    def place_hold(self, sku: str, lot: str, location: str | None, hold_id: str) -> None:
        """Place a hold on a lot, in the whole warehouse or at one location."""
        self.holds[hold_id] = (sku, lot, location)
        affected = [
            (demand_id, lot_location, quantity)
            for (demand_id, lot_number, lot_location), quantity in self.allocated.items()
            if lot_number == lot and quantity and location in (None, lot_location)
        ]  # fmt: skip
        if location is None:
            affected += [
                (demand_id, "", quantity)
                for (demand_id, lot_number), quantity in self.picked.items()
                if lot_number == lot and quantity
            ]
        affected_lots = [
            AffectedLot(
                order=request.order,
                line=request.line,
                demand_id=demand_id,
                lot=lot,
                quantity=quantity,
                location=lot_location or None,
            )
            for demand_id, lot_location, quantity in affected
            if (request := self.demands[demand_id].request).sku == sku
        ]
        self._publish(
            LotHoldPlaced(sku=sku, lot=lot, location=location, hold_id=hold_id, reason="suspicion", stock=affected_lots)
        )

    def release_hold(self, hold_id: str) -> None:
        """Release a hold."""
        sku, lot, location = self.holds.pop(hold_id)
        self._publish(LotHoldReleased(sku=sku, lot=lot, location=location, hold_id=hold_id, reason="fine"))
        self._allocate_backorders(sku, None)

    def handle_next(self, order_id: str) -> None:
        """Process the next event of an order."""
        event = self.inbox[order_id].popleft()
        handlers: dict[type[Message], Callable[[Any], None]] = {
            AllocationRequested: self._on_allocation_requested,
            AllocationCancelled: self._on_allocation_cancelled,
            OrderLotsDeallocated: self._on_lots_deallocated,
            OrderLotsPicked: self._on_lots_picked,
            OrderLotsUnpicked: self._on_lots_unpicked,
            DispatchCheckRequested: self._on_dispatch_check_requested,
            OrderDispatched: self._on_order_dispatched,
        }
        if handler := handlers.get(type(event)):
            handler(event)

    def _on_allocation_requested(self, event: AllocationRequested) -> None:
        if event.tracking != "SERIAL":
            self.demands[event.demand_id] = LotDemand(event, event.quantity)
            self._allocate_backorders(event.sku, event.demand_id)

    def _on_allocation_cancelled(self, event: AllocationCancelled) -> None:
        if event.tracking == "SERIAL":
            return
        demand = self.demands[event.demand_id]
        demand.status, demand.open_quantity = "CANCELLED", ZERO
        for (demand_id, lot, location), quantity in self.allocated.items():
            if demand_id == event.demand_id and quantity:
                self.allocated[demand_id, lot, location] = ZERO
                self.available[event.sku, lot, location] += quantity
        self._allocate_backorders(event.sku, None)

    def _on_lots_deallocated(self, event: OrderLotsDeallocated) -> None:
        for part in event.lots:
            self._deduct(self.allocated, (event.demand_id, part.lot, part.location), part.quantity, event)
            stock = self.missing if event.variance_id else self.available
            stock[event.sku, part.lot, part.location] += part.quantity
        self._reallocate(event, sum((part.quantity for part in event.lots), ZERO))

    def _on_lots_picked(self, event: OrderLotsPicked) -> None:
        for part in event.lots:
            self._deduct(self.allocated, (event.demand_id, part.lot, part.location), part.quantity, event)
            self.picked[event.demand_id, part.lot] += part.quantity

    def _on_lots_unpicked(self, event: OrderLotsUnpicked) -> None:
        for part in event.lots:
            self._deduct(self.picked, (event.demand_id, part.lot), part.quantity, event)
            self.available[event.sku, part.lot, event.location] += part.quantity
        self._reallocate(event, sum((part.quantity for part in event.lots), ZERO))

    def _on_order_dispatched(self, event: OrderDispatched) -> None:
        for part in event.stock:
            remaining = part.quantity
            for demand_id in self._demands_of(event.order, part):
                taken = min(remaining, self.picked[demand_id, part.lot])
                self.picked[demand_id, part.lot] -= taken
                remaining -= taken
            self._expect(not remaining, f"dispatched but not picked: {part}")
            self.shipped[event.order, part.line] += part.quantity

    def _demands_of(self, order_id: str, part: PackedLot) -> list[str]:
        fields = (order_id, part.line, part.sku)
        return [
            demand_id
            for demand_id, demand in self.demands.items()
            if (demand.request.order, demand.request.line, demand.request.sku) == fields
        ]

    def _deduct(self, balances: dict[Any, Decimal], key: Any, quantity: Decimal, event: Any) -> None:
        request = self.demands[event.demand_id].request
        is_valid = (request.order, request.line, request.sku) == (event.order, event.line, event.sku) and balances[
            key
        ] >= quantity
        self._expect(is_valid, f"{event} contradicts {key}: {balances[key]}")
        balances[key] -= quantity

    def _reallocate(self, event: OrderLotsDeallocated | OrderLotsUnpicked, quantity: Decimal) -> None:
        if event.reallocate:
            demand = self.demands[event.demand_id]
            self._expect(demand.status != "CANCELLED", f"reallocation under a cancelled demand: {event}")
            demand.open_quantity, demand.status = demand.open_quantity + quantity, "OPEN"
        hand_over = event.hand_over if isinstance(event, OrderLotsDeallocated) else None
        if hand_over:
            narrow_demand = self.demands[hand_over.demand_id]
            if narrow_demand.status == "CLOSED":
                narrow_demand.open_quantity, narrow_demand.status = hand_over.open_quantity, "OPEN"
            allocated = self._allocate(hand_over.demand_id, narrow_demand)
            self._publish_allocation(hand_over.demand_id, narrow_demand, allocated)
        self._allocate_backorders(event.sku, event.demand_id if event.reallocate else None)

    def _on_dispatch_check_requested(self, request: DispatchCheckRequested) -> None:
        for sku in sorted({part.sku for part in request.stock}):
            stock = [part for part in request.stock if part.sku == sku]
            blocked = [part for part in stock if self._is_blocked(request.order, part)]
            fields = {"sku": sku, "check_id": request.check_id, "shipment": request.shipment, "order": request.order}
            if blocked:
                rejected = [RejectedLot(**part.model_dump(), code="on_hold", detail="on hold") for part in blocked]
                self._publish(LotDispatchRejected(**fields, orders=request.orders, stock=rejected))
            else:
                valid_until = self.now + timedelta(minutes=15)
                self._publish(
                    LotDispatchApproved(**fields, orders=request.orders, stock=stock, valid_until=valid_until)
                )

    def _is_blocked(self, order_id: str, part: PackedLot) -> bool:
        picked = sum(self.picked[demand_id, part.lot] for demand_id in self._demands_of(order_id, part))
        return picked < part.quantity or (part.sku, part.lot, None) in self.holds.values()

    def _allocate_backorders(self, sku: str, requested_demand: str | None) -> None:
        for demand_id, demand in sorted(self.demands.items(), key=_breadth):
            if (
                demand.request.sku != sku
                or demand.status != "OPEN"
                or not (demand.open_quantity or demand_id == requested_demand)
            ):
                continue
            allocated = self._allocate(demand_id, demand)
            if allocated or demand_id == requested_demand:
                self._publish_allocation(demand_id, demand, allocated)

    def _allocate(self, demand_id: str, demand: LotDemand) -> list[AllocatedLot]:
        allocated: list[AllocatedLot] = []
        for sku, lot, location in self._candidates(demand):
            quantity = min(self.available[sku, lot, location], demand.open_quantity)
            if quantity:
                self.available[sku, lot, location] -= quantity
                self.allocated[demand_id, lot, location] += quantity
                demand.open_quantity -= quantity
                allocated.append(AllocatedLot(lot=lot, location=location, quantity=quantity))
        if allocated and demand.request.single_lot:
            demand.lot = allocated[0].lot
        return allocated

    def _candidates(self, demand: LotDemand) -> list[LotLocation]:
        sku, allowed_lots = demand.request.sku, demand.request.lots
        available = [
            lot_location
            for lot_location in sorted(self.available)
            if lot_location[0] == sku and self._is_not_on_hold(lot_location) and self.available[lot_location]
        ]
        matching = [
            lot_location
            for lot_location in available
            if (lot_location[1] == demand.lot if demand.lot else not allowed_lots or lot_location[1] in allowed_lots)
        ]
        if not demand.request.single_lot:
            return matching
        for lot in dict.fromkeys(lot_location[1] for lot_location in matching):
            if (
                sum(self.available[lot_location] for lot_location in matching if lot_location[1] == lot)
                >= demand.open_quantity
            ):
                return [lot_location for lot_location in matching if lot_location[1] == lot]
        return []

    def _is_not_on_hold(self, lot_location: LotLocation) -> bool:
        sku, lot, location = lot_location
        return not {(sku, lot, None), (sku, lot, location)} & set(self.holds.values())

    def _publish_allocation(self, demand_id: str, demand: LotDemand, allocated: list[AllocatedLot]) -> None:
        open_quantity = demand.open_quantity
        if demand.request.shortfall == "CANCEL":
            demand.status, demand.open_quantity = "CLOSED", ZERO
        request, is_final = demand.request, demand.status == "CLOSED"
        fields = {"sku": request.sku, "demand_id": demand_id, "order": request.order, "line": request.line}
        too_small = [
            SkippedLots(lot=lot, quantity=quantity, reason=SkipReason.LOT_TOO_SMALL)
            for (sku, lot, location), quantity in self.available.items()
            if sku == request.sku and quantity and self._is_not_on_hold((sku, lot, location))
        ]
        skipped = too_small if open_quantity and request.single_lot else []
        self._publish(
            LotAllocated(**fields, allocated=allocated, open_quantity=open_quantity, final=is_final, skipped=skipped)
        )

    def _publish(self, event: Message) -> None:
        self.outbox[event.key()].append(event)

    def _expect(self, condition: bool, message: str) -> None:
        if not condition:
            self.conflicts.append(message)


def _breadth(entry: tuple[str, LotDemand]) -> Breadth:
    request = entry[1].request
    return breadth((), request.lots, single_lot=request.single_lot)
