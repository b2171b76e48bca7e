"""Extends the harness with lot-tracked products: orders, allocations and commands."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from shared.contracts.commands.fulfillment import CreateShipment, DispatchShipment, LotSelector, PackItems, PickItems
from shared.contracts.fulfillment import AllocationRequested, DispatchCheckRequested
from shared.contracts.lots import AllocatedLot, LotAllocated, LotDispatchApproved
from shared.contracts.product_attributes import ShelfLifePolicy
from shared.contracts.quantities import PackedLot
from shared.contracts.reference import ProductChanged, Tracking
from shared.contracts.upstream import Customer, OrderLine, OrderPlaced
from tests.integration.fulfillment.harness import FulfillmentHarness
from tests.support.messages.reference import product_changed, warehouse_changed

FAR_EXPIRY = date(2199, 1, 1)
LotQuantityPair = tuple[str, Any]
"""A lot number and a quantity."""


class LotHarness:
    """Lot stock for a harness: `sku` is lot-tracked, `untracked_sku` is untracked."""

    def __init__(self, harness: FulfillmentHarness) -> None:
        self.harness = harness
        self.sku = harness.scoped_id("MED")
        self.untracked_sku = harness.scoped_id("BAG")

    async def define_reference_data(self) -> "LotHarness":
        """Define the products and the warehouse, whose time zone is Berlin."""
        await self.harness.handle(
            warehouse_changed("EAST"),
            self.product_changed("LOT"),
            product_changed(self.untracked_sku, "NONE"),
        )
        return self

    def product_changed(self, tracking: Tracking = "LOT", version: int = 1, **shelf_life: Any) -> ProductChanged:
        """The lot-tracked product with a shelf-life policy."""
        return product_changed(
            self.sku, tracking, version=version, unit="bottle", shelf_life=ShelfLifePolicy(**shelf_life)
        )

    def order_placed(self, order_name: str, quantity: Any, *lines: OrderLine, **overrides: Any) -> OrderPlaced:
        """An order with a lot-tracked line and any other lines."""
        first = OrderLine(line="1", sku=self.sku, quantity=Decimal(str(quantity)))
        customer = Customer(id="C-1", name="Ann", contact="+49 40 1")
        defaults = {"customer": customer, "lines": [first, *lines], "warehouse": "EAST"} | overrides
        return OrderPlaced.model_validate({"order": self.harness.scoped_id(order_name), **defaults})

    async def place_order(self, order_name: str, quantity: Any, **overrides: Any) -> AllocationRequested:
        """Place an order of lots and return its allocation request."""
        await self.harness.handle(self.order_placed(order_name, quantity, **overrides))
        return self.harness.events_of(AllocationRequested)[0]

    def lot_allocated(
        self,
        request: AllocationRequested,
        *quantities: LotQuantityPair,
        expiry: date | None = FAR_EXPIRY,
        location: str = "EAST/A-1",
        **overrides: Any,
    ) -> LotAllocated:
        """An allocation of the given lot quantities."""
        allocated = [
            AllocatedLot(lot=lot, quantity=Decimal(str(quantity)), location=location, expiry=expiry)
            for lot, quantity in quantities
        ]
        open_quantity = request.quantity - sum((allocated_lot.quantity for allocated_lot in allocated), Decimal(0))
        fields = {
            "sku": request.sku,
            "demand_id": request.demand_id,
            "order": request.order,
            "line": request.line,
            "open_quantity": open_quantity,
        }
        return LotAllocated(**(fields | overrides), allocated=allocated)

    async def allocate_order(
        self, order_name: str, *quantities: LotQuantityPair, **overrides: Any
    ) -> AllocationRequested:
        """Place an order and allocate the given lot quantities."""
        request = await self.place_order(order_name, sum(Decimal(str(quantity)) for _, quantity in quantities))
        await self.harness.handle(self.lot_allocated(request, *quantities, **overrides))
        return request

    def lot_selectors(self, *quantities: LotQuantityPair, sku: str = "") -> list[LotSelector]:
        """Selectors for lot quantities."""
        return [
            LotSelector(sku=sku or self.sku, lot=lot, quantity=Decimal(str(quantity))) for lot, quantity in quantities
        ]

    def pick_command(self, order_name: str, *quantities: LotQuantityPair) -> PickItems:
        """A pick to the staging location."""
        return PickItems(
            order=self.harness.scoped_id(order_name), stock=self.lot_selectors(*quantities), location="EAST/STAGE"
        )

    def pack_command(self, order_name: str, carton: str, *quantities: LotQuantityPair) -> PackItems:
        """A command that packs lot quantities into a carton."""
        return PackItems(
            order=self.harness.scoped_id(order_name),
            carton=self.harness.scoped_id(carton),
            stock=self.lot_selectors(*quantities),
        )

    async def request_dispatch(
        self, order_name: str, *quantities: LotQuantityPair
    ) -> tuple[str, list[DispatchCheckRequested]]:
        """Pick and pack an order and request its dispatch; return the path and the requests of the dispatch check."""
        await self.allocate_order(order_name, *quantities)
        await self.harness.handle(
            self.pick_command(order_name, *quantities), self.pack_command(order_name, f"C-{order_name}", *quantities)
        )
        shipment = self.harness.scoped_id(f"SH-{order_name}")
        await self.harness.handle(
            CreateShipment(shipment=shipment, cartons=[self.harness.scoped_id(f"C-{order_name}")])
        )
        result = await self.harness.handle_command(DispatchShipment(shipment=shipment))
        return result.resource_path or "", self.harness.events_of(DispatchCheckRequested)

    def approvals_for(self, requests: Sequence[DispatchCheckRequested]) -> list[LotDispatchApproved]:
        """Approvals of the lots service for dispatch checks."""
        valid_until = datetime.now(UTC) + timedelta(minutes=15)
        return [
            LotDispatchApproved(
                sku=sku, check_id=request.check_id, shipment=request.shipment, order=request.order,
                orders=request.orders, valid_until=valid_until,
                stock=lines_of_product(request.stock, sku),
            )
            for request in requests for sku in sorted({part.sku for part in request.stock})
        ]  # fmt: skip


def lines_of_product(parts: Sequence[PackedLot], sku: str) -> list[PackedLot]:
    """The content lines of a product."""
    return [part for part in parts if part.sku == sku]
