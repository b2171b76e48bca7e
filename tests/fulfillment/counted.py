"""A desk at which lots are ordered: their product, what their owner answers, what is scanned of them."""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from shared.contracts.commands.fulfillment import CreateShipment, Dispatch, Pack, Pick, Stock
from shared.contracts.counted import PackedStock
from shared.contracts.fulfillment import AllocationRequested, DispatchRequested
from shared.contracts.lots import GivenLot, LotAllocated, LotDispatchApproved
from shared.contracts.reference import ProductChanged, Tracking, WarehouseChanged
from shared.contracts.upstream import Customer, LifePolicy, OrderLine, OrderPlaced
from tests.fulfillment.desk import Desk

FAR = date(2199, 1, 1)
Pile = tuple[str, Any]
"""A lot and how much of it."""


class Lots:
    """The counted side of a desk: `sku` is tracked by lot, `loose` is not tracked at all."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.sku = desk.no("MED")
        self.loose = desk.no("BAG")

    async def furnish(self) -> "Lots":
        """Products and the warehouse, whose days are counted in Berlin."""
        await self.desk.tell(
            WarehouseChanged(warehouse="EAST", version=1, name="East", time_zone="Europe/Berlin"),
            self.product("LOT"),
            ProductChanged(sku=self.loose, version=1, name="Bag", unit="each", tracking="NONE"),
        )
        return self

    def product(self, tracking: Tracking = "LOT", version: int = 1, **life: Any) -> ProductChanged:
        """The product, and what its days of life mean."""
        return ProductChanged(
            sku=self.sku, version=version, name="Saline", unit="bottle", tracking=tracking, life=LifePolicy(**life)
        )

    def order(self, name: str, quantity: Any, *lines: OrderLine, **more: Any) -> OrderPlaced:
        """An order of a line of lots, and of any others."""
        first = OrderLine(line="1", sku=self.sku, quantity=Decimal(str(quantity)))
        customer = Customer(id="C-1", name="Ann", contact="+49 40 1")
        given = {"customer": customer, "lines": [first, *lines], "warehouse": "EAST"} | more
        return OrderPlaced.model_validate({"order": self.desk.no(name), **given})

    async def place(self, name: str, quantity: Any, **more: Any) -> AllocationRequested:
        """An order of lots placed, and what it asked for."""
        await self.desk.tell(self.order(name, quantity, **more))
        return self.desk.heard(AllocationRequested)[0]

    def gives(
        self, asked: AllocationRequested, *piles: Pile, expiry: date | None = FAR, place: str = "EAST/A-1", **more: Any
    ) -> LotAllocated:
        """An answer of lots."""
        given = [
            GivenLot(lot=lot, quantity=Decimal(str(quantity)), location=place, expiry=expiry) for lot, quantity in piles
        ]
        short = asked.quantity - sum((pile.quantity for pile in given), Decimal(0))
        about = {"sku": asked.sku, "demand": asked.demand, "order": asked.order, "line": asked.line, "short": short}
        return LotAllocated(**(about | more), given=given)

    async def allocated(self, name: str, *piles: Pile, **more: Any) -> AllocationRequested:
        """An order with these quantities allocated."""
        asked = await self.place(name, sum(Decimal(str(quantity)) for _, quantity in piles))
        await self.desk.tell(self.gives(asked, *piles, **more))
        return asked

    def stock(self, *piles: Pile, sku: str = "") -> list[Stock]:
        """Quantities of lots, as scanned."""
        return [Stock(sku=sku or self.sku, lot=lot, quantity=Decimal(str(quantity))) for lot, quantity in piles]

    def pick(self, name: str, *piles: Pile) -> Pick:
        """A pick to the stage."""
        return Pick(order=self.desk.no(name), stock=self.stock(*piles), location="EAST/STAGE")

    def pack(self, name: str, carton: str, *piles: Pile) -> Pack:
        """Quantities into a carton."""
        return Pack(order=self.desk.no(name), carton=self.desk.no(carton), stock=self.stock(*piles))

    async def asked_to_leave(self, name: str, *piles: Pile) -> tuple[str, list[DispatchRequested]]:
        """An order picked, packed and about to leave: the address of its dispatch, and what was asked."""
        await self.allocated(name, *piles)
        await self.desk.tell(self.pick(name, *piles), self.pack(name, f"C-{name}", *piles))
        shipment = self.desk.no(f"SH-{name}")
        await self.desk.tell(CreateShipment(shipment=shipment, cartons=[self.desk.no(f"C-{name}")]))
        answer = await self.desk.ask(Dispatch(shipment=shipment))
        return answer.address or "", self.desk.heard(DispatchRequested)

    def approves(self, asked: Sequence[DispatchRequested]) -> list[LotDispatchApproved]:
        """What lots answers when all may leave."""
        until = datetime.now(UTC) + timedelta(minutes=15)
        return [
            LotDispatchApproved(
                sku=sku, check=one.check, shipment=one.shipment, order=one.order, orders=one.orders, until=until,
                stock=of(one.stock, sku),
            )
            for one in asked for sku in sorted({part.sku for part in one.stock})
        ]  # fmt: skip


def of(stock: Sequence[PackedStock], sku: str) -> list[PackedStock]:
    """The parts of a product."""
    return [part for part in stock if part.sku == sku]
