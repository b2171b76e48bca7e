"""Simulated receiving and fulfillment services, which publish the messages that serials consumes.

Messages are in queues, one per document: ordered within a queue, unordered between queues. Events of serials reach
fulfillment with a delay. So messages cross each other as they do between the real services.
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from shared.contracts.envelope import Message
from shared.contracts.fulfillment import (
    AllocationRequested,
    HandOver,
    OrderSerialsDeallocated,
    OrderSerialsPicked,
    OrderSerialsUnpicked,
)
from shared.contracts.receiving import ReturnSerialsDisposed
from shared.contracts.serials import SerialAllocated, SerialDispatchApproved, SerialHoldPlaced, SerialStateChanged
from tests.support.messages.serials import (
    BIN,
    OUTBOUND,
    cancel_allocation,
    cancel_expectation,
    expect,
    order_dispatched,
    order_fields,
    receive,
    request_allocation,
    request_dispatch_check,
    return_from_customer,
)


@dataclass
class FakeReceiving:
    """Receiving: for each serial its version, and whether it is expected, on hand or shipped."""

    queues: dict[str, list[Message]]
    versions: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    expected: dict[str, str] = field(default_factory=dict)
    on_hand: set[str] = field(default_factory=set)
    shipped: dict[str, str] = field(default_factory=dict)
    pending_returns: dict[str, str] = field(default_factory=dict)
    """Returned serials without a disposition, with their return."""
    return_count: int = 0

    def _next_version(self, serial: str) -> int:
        self.versions[serial] += 1
        return self.versions[serial]

    def expect(self, serial: str, receipt: str) -> None:
        """Expect a serial, or take it over from another receipt."""
        if serial in self.on_hand or serial in self.shipped or self.expected.get(serial) == receipt:
            return
        previous_receipt = self.expected.get(serial)
        if previous_receipt:
            self.queues[previous_receipt].append(
                cancel_expectation([serial], self._next_version(serial), previous_receipt, "TAKEN_OVER")
            )
        self.expected[serial] = receipt
        self.queues[receipt].append(expect([serial], self._next_version(serial), receipt))

    def cancel(self, serial: str) -> None:
        """Cancel the expectation of a serial."""
        if receipt := self.expected.pop(serial, None):
            self.queues[receipt].append(cancel_expectation([serial], self._next_version(serial), receipt))

    def receive(self, serial: str, receipt: str, label: Mapping[str, Any]) -> None:
        """Receive a serial with its label, expected or not."""
        if serial not in self.on_hand and serial not in self.shipped:
            self.expected.pop(serial, None)
            self.on_hand.add(serial)
            self.queues[receipt].append(receive([serial], self._next_version(serial), receipt, **label))

    def handle(self, event: Message) -> None:
        """Consume an event of serials: shipped units."""
        if isinstance(event, SerialStateChanged) and event.status == "SHIPPED":
            for serial in event.serials:
                if event.from_status:  # units of a past sale are new here
                    self.on_hand.remove(serial)
                self.shipped[serial] = event.order or ""

    def return_from_customer(self, serial: str) -> None:
        """Receive a shipped serial back from its customer."""
        if order := self.shipped.pop(serial, None):
            self.on_hand.add(serial)
            self.return_count += 1
            return_id = f"RMA-{self.return_count}"
            self.queues[return_id].append(return_from_customer([serial], self._next_version(serial), order, return_id))
            self.pending_returns[serial] = return_id

    def return_to_vendor(self, serial: str) -> None:
        """Return a returned serial to its vendor."""
        if return_id := self.pending_returns.pop(serial, None):
            self.queues[return_id].append(
                ReturnSerialsDisposed(
                    return_id=return_id, hold_id=return_id, sku="A-1", serials=[serial], reason="broken",
                    disposition="RETURN_TO_VENDOR",
                )
            )  # fmt: skip


@dataclass
class FakeOrderLine:
    """Single line of an order: its demand and allocated units."""

    demand_id: str
    is_cancelled: bool = False
    units: dict[str, Literal["ALLOCATED", "PICKED", "CHECKED", "SHIPPED"]] = field(default_factory=dict)

    @property
    def order_id(self) -> str:
        """Order of the line."""
        return f"SO-{self.demand_id}"


@dataclass
class FakeFulfillment:
    """Fulfillment: consumes allocations, picks, deallocates, dispatches; does not know the stock."""

    queues: dict[str, list[Message]]
    lines: dict[str, FakeOrderLine] = field(default_factory=dict)
    hold_count: int = 0

    def request_allocation(
        self, quantity: int, priority: int, shortfall: str, serials: list[str], **overrides: Any
    ) -> None:
        """Place an order of one line."""
        demand_id = f"D{len(self.lines) + 1}"
        self.lines[demand_id] = FakeOrderLine(demand_id)
        request: AllocationRequested = request_allocation(
            demand_id, quantity, priority=priority, shortfall=shortfall, serials=serials[:quantity], **overrides
        )
        self.queues[f"SO-{demand_id}"].append(request)

    def cancel(self, line: FakeOrderLine) -> None:
        """Cancel the demand; picked units stay until they are unpicked."""
        if not line.is_cancelled:
            line.is_cancelled = True
            line.units = {serial: status for serial, status in line.units.items() if status != "ALLOCATED"}
            self.queues[line.order_id].append(cancel_allocation(line.demand_id))

    def handle(self, event: Message) -> None:
        """Consume an event of serials."""
        if isinstance(event, SerialAllocated) and not (line := self.lines[event.demand_id]).is_cancelled:
            line.units |= {unit.serial: "ALLOCATED" for unit in event.allocated}
        elif isinstance(event, SerialHoldPlaced):
            for unit in event.units:
                self.deallocate(self.lines[unit.demand_id], unit.serial, reallocate=True, hold=False)

    def deallocate(
        self, line: FakeOrderLine, serial: str, *, reallocate: bool, hold: bool, hand_over: HandOver | None = None
    ) -> None:
        """Deallocate a unit: with a hold because it was not found, or for a demand that it is handed over to."""
        if line.units.get(serial) == "ALLOCATED":
            del line.units[serial]
            self.hold_count += hold
            hold_id = f"SP-{self.hold_count}" if hold else None
            event = OrderSerialsDeallocated(
                **order_fields(line.demand_id, [serial]), reallocate=reallocate, reason="short pick", hold_id=hold_id,
                hand_over=hand_over,
            )  # fmt: skip
            self.queues[line.order_id].append(event)

    def pick(self, line: FakeOrderLine, serial: str) -> None:
        """Pick an allocated unit."""
        if line.units.get(serial) == "ALLOCATED":
            line.units[serial] = "PICKED"
            self.queues[line.order_id].append(
                OrderSerialsPicked(**order_fields(line.demand_id, [serial]), location=OUTBOUND)
            )

    def unpick(self, line: FakeOrderLine, serial: str, *, reallocate: bool) -> None:
        """Unpick a unit; a cancelled demand is not reallocated."""
        if line.units.get(serial) in {"PICKED", "CHECKED"}:
            del line.units[serial]
            should_reallocate = reallocate and not line.is_cancelled
            self.queues[line.order_id].append(
                OrderSerialsUnpicked(
                    **order_fields(line.demand_id, [serial]),
                    location=BIN,
                    reallocate=should_reallocate,
                    reason="unpicked",
                )
            )

    def request_dispatch_check(self, line: FakeOrderLine, serial: str) -> None:
        """Request the dispatch check of a picked unit."""
        if line.units.get(serial) == "PICKED" and not line.is_cancelled:
            self.queues[line.order_id].append(request_dispatch_check([serial], line.order_id))

    def apply_approval(self, approval: SerialDispatchApproved) -> None:
        """Consume the approval of a dispatch check."""
        line = self.lines[approval.order.removeprefix("SO-")]
        for serial in approval.serials:
            if line.units.get(serial) == "PICKED":
                line.units[serial] = "CHECKED"

    def dispatch(self, line: FakeOrderLine, serial: str) -> None:
        """Dispatch an approved unit."""
        if line.units.get(serial) == "CHECKED" and not line.is_cancelled:
            line.units[serial] = "SHIPPED"
            self.queues[line.order_id].append(order_dispatched([serial], line.order_id))
