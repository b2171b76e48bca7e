"""Service harness of fulfillment: processes messages like the consumer and returns results and events."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from httpx import AsyncClient, Response

from services.fulfillment.app import app
from shared.contracts.commands.fulfillment import (
    CreateShipment,
    DispatchShipment,
    PackItems,
    PickItems,
    UnitSelector,
)
from shared.contracts.envelope import Message
from shared.contracts.fulfillment import AllocationRequested, DispatchCheckRequested
from shared.contracts.problems import Code
from shared.contracts.reference import LocationType
from shared.contracts.serials import AllocatedUnit, SerialAllocated, SerialDispatchApproved
from shared.contracts.topics import FULFILLMENT, ORDERED_PRODUCTS
from shared.contracts.upstream import Customer, OrderLine, OrderPlaced
from shared.persistence.database import new_id
from shared.unit_of_work import CommandResult
from tests.support.auth import bearer
from tests.support.harness import ProcessingResult, ServiceHarness
from tests.support.messages.reference import location_changed, product_changed

EventT = TypeVar("EventT", bound=Message)
PUBLISHED = FULFILLMENT.messages | ORDERED_PRODUCTS.messages


@dataclass
class FulfillmentHarness(ServiceHarness):
    """Fulfillment with the events published by the last transaction."""

    registry = app.state.registry
    events: list[Message] = field(default_factory=list)

    async def define_reference_data(self) -> None:
        """Define the locations and the product of every test."""
        locations: dict[str, LocationType] = {
            "EAST/DOCK": "DOCK",
            "EAST/STAGE": "STAGING",
            "EAST/A-1": "STORAGE",
            "WEST/STAGE": "STAGING",
        }
        await self.handle(
            *(
                location_changed(name, location_type, pick_sequence=number)
                for number, (name, location_type) in enumerate(locations.items())
            ),
            product_changed(self.sku, "SERIAL", name="Pump"),
        )

    async def handle(self, *payloads: Message, actor: str = "anna") -> ProcessingResult:
        """Process messages in one transaction and keep the published events."""
        outcome = await super().handle(*payloads, actor=actor)
        self.events = [PUBLISHED[event["type"]].model_validate(event["data"]) for event in outcome.events]
        return outcome

    async def handle_command(self, command: Message) -> CommandResult:
        """Process one command and return its result."""
        (result,) = (await self.handle(command)).results
        return result

    async def rejection_codes(self, command: Message) -> list[Code]:
        """Process a command that must be rejected as a whole; return the codes of its violations."""
        result = await self.handle_command(command)
        assert result.body is None
        return [violation.code for violation in result.violations]

    def events_of(self, event_type: type[EventT]) -> list[EventT]:
        """The events of one type published by the last transaction."""
        return [event for event in self.events if isinstance(event, event_type)]

    def order_placed(self, order_name: str, quantity: int = 1, **overrides: Any) -> OrderPlaced:
        """An order with one line."""
        line = OrderLine.model_validate({"line": "1", "sku": self.sku, "quantity": quantity})
        defaults = {"customer": Customer(id="C-1", name="Ann"), "lines": [line], "warehouse": "EAST"} | overrides
        return OrderPlaced.model_validate({"order": self.scoped_id(order_name), **defaults})

    async def place_order(self, order_name: str, quantity: int = 1, **overrides: Any) -> AllocationRequested:
        """Place an order and return its allocation request."""
        await self.handle(self.order_placed(order_name, quantity, **overrides))
        return self.events_of(AllocationRequested)[0]

    def serial_allocated(
        self, request: AllocationRequested, serials: Iterable[str], open_quantity: int = 0, **overrides: Any
    ) -> SerialAllocated:
        """An allocation of the given serial numbers."""
        return SerialAllocated(
            sku=request.sku, demand_id=request.demand_id, order=request.order, line=request.line,
            open_quantity=open_quantity,
            allocated=[AllocatedUnit(serial=serial, location="EAST/A-1") for serial in serials], **overrides,
        )  # fmt: skip

    async def allocate_order(self, order_name: str, *serials: str, **overrides: Any) -> AllocationRequested:
        """Place an order and allocate the given serial numbers."""
        request = await self.place_order(order_name, len(serials), **overrides)
        await self.handle(self.serial_allocated(request, serials))
        return request

    def scanned_units(self, *serials: str) -> list[UnitSelector]:
        """Selectors for units of the product of the test."""
        return [UnitSelector(sku=self.sku, serial=serial) for serial in serials]

    def pick_command(self, order_name: str, *serials: str, location: str = "EAST/STAGE") -> PickItems:
        """A pick to a staging location."""
        return PickItems(order=self.scoped_id(order_name), units=self.scanned_units(*serials), location=location)

    def pack_command(self, order_name: str, carton: str, *serials: str) -> PackItems:
        """A command that packs units into a carton."""
        return PackItems(
            order=self.scoped_id(order_name), carton=self.scoped_id(carton), units=self.scanned_units(*serials)
        )

    async def pack_order(
        self, order_name: str, carton: str, *serials: str, location: str = "EAST/STAGE", **overrides: Any
    ) -> None:
        """Place, allocate, pick and pack an order into one carton."""
        await self.allocate_order(order_name, *serials, **overrides)
        await self.handle(
            self.pick_command(order_name, *serials, location=location), self.pack_command(order_name, carton, *serials)
        )

    async def ship_order(self, order_name: str, *serials: str) -> None:
        """Place and ship an order."""
        await self.pack_order(order_name, f"C-{order_name}", *serials)
        await self.handle(
            CreateShipment(shipment=self.scoped_id(f"SH-{order_name}"), cartons=[self.scoped_id(f"C-{order_name}")])
        )
        await self.handle(DispatchShipment(shipment=self.scoped_id(f"SH-{order_name}")))
        await self.handle(*self.approvals_for(self.events_of(DispatchCheckRequested)))

    def approvals_for(
        self, requests: Sequence[DispatchCheckRequested], minutes: int = 15
    ) -> list[SerialDispatchApproved]:
        """Approvals of the serials service for dispatch checks."""
        valid_until = datetime.now(UTC) + timedelta(minutes=minutes)
        return [
            SerialDispatchApproved(
                sku=sku, check_id=request.check_id, shipment=request.shipment, order=request.order,
                orders=request.orders, valid_until=valid_until,
                serials=[unit.serial for unit in request.units if unit.sku == sku],
            )
            for request in requests for sku in sorted({unit.sku for unit in request.units})
        ]  # fmt: skip


async def post(http: AsyncClient, path: str, body: Any, **headers: str) -> Response:
    """Send a command of a user."""
    return await http.post(path, json=body, headers={**bearer("ann"), "Idempotency-Key": new_id()} | headers)


async def last_outbox_event(harness: FulfillmentHarness, event_type: str) -> Any:
    """The last event of a type in the outbox."""
    query = """SELECT convert_from(value, 'UTF8')::jsonb AS event FROM outbox
               WHERE convert_from(value, 'UTF8')::jsonb->>'type' = :event_type ORDER BY id DESC LIMIT 1"""
    (row,) = await harness.fetch_all(query, event_type=event_type)
    return row["event"]
