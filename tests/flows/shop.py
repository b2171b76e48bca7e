"""One test's own corner of the warehouse: fresh products, documents and serials, and the steps of a unit's life."""

import secrets
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from shared.contracts.commands.fulfillment import CreateShipment, Dispatch, Pack, Pick, Unit
from shared.contracts.commands.receiving import ConfirmSession, Scan
from shared.contracts.commands.serials import Hold, PutAway
from shared.contracts.upstream import (
    AsnAnnounced,
    AsnLine,
    Customer,
    OrderCancelled,
    OrderLine,
    OrderPlaced,
    ProductDefined,
)
from tests.flows.listener import Event
from tests.flows.waiting import eventually
from tests.flows.world import Json, World

WAREHOUSE = "EAST"
DOCK, STAGE = f"{WAREHOUSE}/DOCK-1", f"{WAREHOUSE}/PACK-1"
SHELF, OTHER_SHELF = f"{WAREHOUSE}/A-01", f"{WAREHOUSE}/A-02"
ELSEWHERE = "WEST/A-01"
CUSTOMER = Customer(id="C-1", name="Clinic 1", ship_to="1 Harbour Street", contact="+49 40 1")


def at(name: str) -> str:
    """A name as part of an address: it may hold anything printable."""
    return quote(name, safe="")


class Shop:
    """Names are made of a token that no other test has; `sku` is its first product."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.token = secrets.token_hex(4).upper()
        self.sku = f"SKU-{self.token}"
        self._numbers: dict[str, int] = {}

    def no(self, kind: str) -> str:
        """A new document's number."""
        self._numbers[kind] = self._numbers.get(kind, 0) + 1
        return f"{kind}-{self.token}-{self._numbers[kind]}"

    def serials(self, count: int) -> list[str]:
        """New serials."""
        return [self.no("U") for _ in range(count)]

    # Receiving

    async def product(self, sku: str = "", **values: Any) -> str:
        """ERP defines a product, serial-tracked unless said otherwise; it is known at receiving then."""
        values = {"serial_tracked": not values.get("lot_tracked", False), **values}
        product = ProductDefined(sku=sku or self.sku, name="Infusion pump", **values)
        await self.world.say(product)
        await self.heard("products", product.sku)
        return product.sku

    async def product_again(self, sku: str = "", **values: Any) -> None:
        """ERP changes a product; it is told then, with its next version."""
        version = max(event["data"]["version"] for event in await self.heard("products", sku or self.sku))
        await self.world.say(ProductDefined(sku=sku or self.sku, name="Infusion pump", **values))
        await self.heard("products", sku or self.sku, version=version + 1)

    async def known_at_fulfillment(self, sku: str = "") -> None:
        """Wait until fulfillment has heard of a product."""

        async def look() -> list[Json]:
            return await self.world.rows("fulfillment", "SELECT 1 FROM product WHERE sku = $1", sku or self.sku)

        await eventually(look)

    async def announced(
        self, serials: Sequence[str], *, quantity: int | None = None, sku: str = "", receipt: str = "", line: str = "1"
    ) -> str:
        """ERP announces an ASN of one line; it is planned then."""
        number = receipt or self.no("ASN")
        row = AsnLine(line=line, sku=sku or self.sku, quantity=quantity or len(serials), serials=list(serials))
        await self.world.say(AsnAnnounced(receipt=number, warehouse=WAREHOUSE, lines=[row]))
        await self.heard("receiving.events", number, "receipt.planned.v1", line=line, sku=row.sku)
        return number

    def scan(self, receipt: str, serials: Sequence[str], *, session: str = "", sku: str = "") -> Scan:
        """Serials scanned at the dock."""
        return Scan(
            receipt=receipt,
            session=session or f"S-{receipt}",
            sku=sku or self.sku,
            location=DOCK,
            serials=list(serials),
        )

    async def confirm(self, receipt: str, session: str = "") -> Json:
        """The session of scans is right."""
        return await self.world.do(ConfirmSession(receipt=receipt, session=session or f"S-{receipt}"))

    async def received(self, serials: Sequence[str], *, sku: str = "") -> str:
        """Announced, scanned and confirmed: at the dock; the receipt."""
        receipt = await self.announced(serials, sku=sku)
        await self.world.do(self.scan(receipt, serials, sku=sku))
        await self.confirm(receipt)
        return receipt

    # Stock

    async def put_away(self, serials: Sequence[str], location: str = SHELF, *, sku: str = "") -> None:
        """From the dock to a shelf."""
        await self.world.do(PutAway(sku=sku or self.sku, serials=list(serials), location=location), actor="ben")

    async def stock(self, count: int, location: str = SHELF, *, sku: str = "") -> list[str]:
        """New units of the product, on a shelf."""
        serials = self.serials(count)
        await self.received(serials, sku=sku)
        await self.put_away(serials, location, sku=sku)
        return serials

    async def hold(self, serials: Sequence[str]) -> str:
        """Stop units; the hold."""
        hold = self.no("H")
        await self.world.do(Hold(sku=self.sku, serials=list(serials), hold=hold, reason="suspected"), actor="sue")
        return hold

    async def unit(self, serial: str, sku: str = "") -> Json:
        """What the registry knows of a unit."""
        unit: Json = await self.world.read("serials", f"/serials/{at(sku or self.sku)}/{at(serial)}")
        return unit

    async def status(self, serials: Sequence[str], status: str, sku: str = "") -> None:
        """Units reach a status."""

        async def look() -> bool:
            for serial in serials:
                unit = await self.unit(serial, sku)
                assert unit["status"] == status, unit
            return True

        await eventually(look)

    # Orders

    def placed(self, quantity: int, *, serials: Sequence[str] = (), sku: str = "", **values: Any) -> OrderPlaced:
        """An order of one line."""
        line = OrderLine(line="10", sku=sku or self.sku, quantity=quantity, serials=list(serials))
        order = {"order": self.no("SO"), "warehouse": WAREHOUSE, "customer": CUSTOMER, "lines": [line], **values}
        return OrderPlaced.model_validate(order)

    async def order(self, quantity: int, *, serials: Sequence[str] = (), sku: str = "", **values: Any) -> str:
        """OMS places an order of one line."""
        placed = self.placed(quantity, serials=serials, sku=sku, **values)
        await self.world.say(placed)
        return placed.order

    async def cancelled(self, order: str) -> None:
        """OMS cancels an order; it is then."""
        await self.world.say(OrderCancelled(order=order))
        await self.heard("fulfillment.events", order, "order.changed.v1", status="CANCELLED")

    async def picks(self, order: str, count: int) -> list[Json]:
        """The pick list, once it has that many units."""

        async def look() -> list[Json]:
            answer = await self.world.get("fulfillment", f"/orders/{at(order)}/picks")
            items: list[Json] = answer.json()["items"] if answer.is_success else []
            assert len(items) == count, (answer.status_code, answer.text)
            return items

        return await eventually(look) if count else await look()

    async def allocated(self, order: str, count: int) -> list[str]:
        """The serials of the pick list, once it has that many."""
        return [row["serial"] for row in await self.picks(order, count)]

    def units(self, serials: Sequence[str], sku: str = "") -> list[Unit]:
        """Units as they are scanned."""
        return [Unit(sku=sku or self.sku, serial=serial) for serial in serials]

    async def picked(self, order: str, serials: Sequence[str]) -> None:
        """Units are scanned and staged."""
        await self.world.do(Pick(order=order, units=self.units(serials), location=STAGE), actor="pat")

    async def packed(self, order: str, serials: Sequence[str]) -> str:
        """Picked units go into a new carton."""
        carton = self.no("CT")
        await self.world.do(Pack(order=order, carton=carton, units=self.units(serials)), actor="pat")
        return carton

    async def shipment(self, *cartons: str) -> str:
        """A new shipment of these cartons."""
        shipment = self.no("SH")
        await self.world.do(CreateShipment(shipment=shipment, cartons=list(cartons), carrier="DHL"), actor="pat")
        return shipment

    async def dispatched(self, shipment: str) -> Json:
        """Ask for a shipment to leave; the outcome, whichever it is."""
        answer = await self.world.command(Dispatch(shipment=shipment), actor="dee")
        assert answer.status_code == 202, answer.text
        return await self.outcome(answer.headers["Location"])

    async def outcome(self, address: str) -> Json:
        """What became of a dispatch, once it is over."""

        async def look() -> Json:
            outcome: Json = await self.world.read("fulfillment", address)
            assert outcome["status"] in ("DISPATCHED", "REFUSED"), outcome
            return outcome

        return await eventually(look)

    async def shipped(self, order: str, serials: Sequence[str]) -> str:
        """Pick, pack, ship what is allocated; the shipment."""
        await self.picked(order, serials)
        shipment = await self.shipment(await self.packed(order, serials))
        outcome = await self.dispatched(shipment)
        assert outcome["status"] == "DISPATCHED", outcome
        return shipment

    # What was said

    async def heard(self, topic: str, key: str, type_: str | None = None, **data: Any) -> list[Event]:
        """Wait until a service has said it."""

        async def look() -> list[Event]:
            found = self.world.listener.heard(topic, key, type_, **data)
            assert found, (topic, key, type_, data, self.world.listener.said[topic, key])
            return found

        return await eventually(look)
