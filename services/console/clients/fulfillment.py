"""Client of the fulfillment service: orders, picks, cartons, shipments."""

from datetime import date, datetime
from decimal import Decimal
from typing import Any

from services.console.clients.http import Listing, Model, ServiceClient, path_of


class PickItem(Model):
    """An item to pick."""

    order: str
    line: str
    sku: str
    name: str
    serial: str | None
    lot: str | None
    expiry: date | None
    quantity: Decimal
    location: str
    priority: int


class Picks(Listing):
    """A page of a pick list."""

    items: list[PickItem]


class Order(Model):
    """An order in a list."""

    order: str
    warehouse: str
    customer: str
    customer_name: str
    priority: int
    placed_at: datetime
    status: str
    ordered: Decimal
    allocated: Decimal
    picked: Decimal
    packed: Decimal
    shipped: Decimal


class Orders(Listing):
    """A page of orders."""

    items: list[Order]


class OrderItem(Model):
    """What units and quantities of lots of an order have in common."""

    line: str
    sku: str
    status: str
    location: str
    carton: str | None
    shipment: str | None
    holds: list[str]


class OrderUnit(OrderItem):
    """A unit of an order."""

    serial: str


class OrderLot(OrderItem):
    """A quantity of a lot of an order."""

    lot: str
    quantity: Decimal


class OrderDetail(Model):
    """An order with its allocated items."""

    order: str
    warehouse: str
    customer: str
    customer_name: str
    ship_to: str
    status: str
    units: list[OrderUnit]
    stock: list[OrderLot]


class Carton(Model):
    """A carton with what it contains."""

    carton: str
    order: str
    units: list[dict[str, Any]] = []
    stock: list[dict[str, Any]] = []


class Shipment(Model):
    """A shipment in a list."""

    shipment: str
    warehouse: str
    orders: list[str]
    carrier: str
    tracking_number: str
    status: str
    created_at: datetime
    created_by: str
    dispatched_at: datetime | None
    check_id: str | None


class Shipments(Listing):
    """A page of shipments."""

    items: list[Shipment]


class ShipmentDetail(Shipment):
    """A shipment with its cartons."""

    cartons: list[Carton]


class DispatchReason(Model):
    """Why something may not leave."""

    code: str
    detail: str
    sku: str
    serial: str
    lot: str = ""


class DispatchCheck(Model):
    """The check before a shipment leaves."""

    check_id: str
    shipment: str
    status: str
    requested_count: int
    approved_count: int
    reasons: list[DispatchReason]


class DispatchAccepted(Model):
    """A started check."""

    check_id: str
    shipment: str


class ItemsAnswer(Model):
    """Items after a command."""

    order: str
    units: list[dict[str, Any]]
    stock: list[dict[str, Any]] = []
    rejected: list[dict[str, Any]] = []


class ShipmentAnswer(Model):
    """A shipment after a command."""

    shipment: str
    status: str


class Fulfillment:
    """The fulfillment service in the name of a person."""

    def __init__(self, client: ServiceClient) -> None:
        self._client = client

    async def list_picks(self, warehouse: str, orders: int = 50) -> Picks:
        """List the items to pick in a warehouse."""
        return await self._client.get("/picks", Picks, warehouse=warehouse, orders=orders, limit=500)

    async def list_order_picks(self, order: str) -> Picks:
        """List the items to pick for an order."""
        return await self._client.get(path_of("orders", order, "picks"), Picks, limit=500)

    async def list_orders(self, **filters: object) -> Orders:
        """List orders."""
        return await self._client.get("/orders", Orders, **filters)

    async def get_order(self, order: str) -> OrderDetail:
        """Get an order."""
        return await self._client.get(path_of("orders", order), OrderDetail)

    async def list_shipments(self, **filters: object) -> Shipments:
        """List shipments."""
        return await self._client.get("/shipments", Shipments, **filters)

    async def get_shipment(self, shipment: str) -> ShipmentDetail:
        """Get a shipment with its cartons."""
        return await self._client.get(path_of("shipments", shipment), ShipmentDetail)

    async def get_check(self, check: str) -> DispatchCheck:
        """Get a dispatch check."""
        return await self._client.get(path_of("dispatch-checks", check), DispatchCheck)

    async def send_items(self, command: str, body: dict[str, Any], key: str) -> ItemsAnswer:
        """Send a command on items of an order: picks, short-picks, packs, unpacks."""
        return await self._client.post(f"/{command}", body, ItemsAnswer, key=key)

    async def create_shipment(self, body: dict[str, Any], key: str) -> ShipmentAnswer:
        """Create a shipment."""
        return await self._client.post("/shipments", body, ShipmentAnswer, key=key)

    async def cancel_shipment(self, shipment: str, reason: str, key: str) -> ShipmentAnswer:
        """Cancel a shipment."""
        return await self._client.post(
            path_of("shipments", shipment, "cancel"), {"reason": reason}, ShipmentAnswer, key=key
        )

    async def dispatch(self, shipment: str, key: str) -> DispatchAccepted:
        """Start the check of a shipment; it leaves once all is approved."""
        return await self._client.post(path_of("shipments", shipment, "dispatch"), {}, DispatchAccepted, key=key)
