"""Scenario of serial-tracked stock: one test's own products, documents and serials."""

import secrets
from collections.abc import Sequence
from typing import Any
from urllib.parse import quote

from shared.contracts.commands.fulfillment import CreateShipment, DispatchShipment, PackItems, PickItems, UnitSelector
from shared.contracts.commands.receiving import ConfirmSession, ScanItems
from shared.contracts.commands.serials import PlaceSerialHold, PutAwaySerials
from shared.contracts.upstream import (
    AsnAnnounced,
    AsnLine,
    Customer,
    OrderCancelled,
    OrderLine,
    OrderPlaced,
    ProductDefined,
)
from tests.e2e.event_listener import Event
from tests.e2e.system import JsonObject, SystemUnderTest
from tests.support.polling import wait_until

WAREHOUSE = "EAST"
DOCK, STAGE = f"{WAREHOUSE}/DOCK-1", f"{WAREHOUSE}/PACK-1"
SHELF, OTHER_SHELF = f"{WAREHOUSE}/A-01", f"{WAREHOUSE}/A-02"
ELSEWHERE = "WEST/A-01"
CUSTOMER = Customer(id="C-1", name="Clinic 1", ship_to="1 Harbour Street", contact="+49 40 1")


def quote_path(name: str) -> str:
    """Percent-encode an identifier for use in a URL path."""
    return quote(name, safe="")


class SerialScenario:
    """Creates identifiers from a random token; `sku` is the default product."""

    def __init__(self, system: SystemUnderTest) -> None:
        self.system = system
        self.token = secrets.token_hex(4).upper()
        self.sku = f"SKU-{self.token}"
        self._numbers: dict[str, int] = {}

    def new_id(self, kind: str) -> str:
        """Return a new document id."""
        self._numbers[kind] = self._numbers.get(kind, 0) + 1
        return f"{kind}-{self.token}-{self._numbers[kind]}"

    def new_serials(self, count: int) -> list[str]:
        """Return new serial numbers."""
        return [self.new_id("U") for _ in range(count)]

    # Receiving

    async def define_product(self, sku: str = "", **values: Any) -> str:
        """Define a product, serial-tracked by default; wait until receiving publishes it."""
        values = {"name": "Infusion pump", "serial_tracked": not values.get("lot_tracked", False), **values}
        product = ProductDefined(sku=sku or self.sku, **values)
        await self.system.publish(product)
        await self.wait_for_event("products", product.sku)
        return product.sku

    async def redefine_product(self, sku: str = "", **values: Any) -> None:
        """Change a product and wait for its next published version."""
        version = max(event["data"]["version"] for event in await self.wait_for_event("products", sku or self.sku))
        await self.system.publish(ProductDefined(sku=sku or self.sku, name="Infusion pump", **values))
        await self.wait_for_event("products", sku or self.sku, version=version + 1)

    async def wait_for_product_at_fulfillment(self, sku: str = "") -> None:
        """Wait until fulfillment knows a product."""

        async def product_rows() -> list[JsonObject]:
            return await self.system.fetch_rows("fulfillment", "SELECT 1 FROM product WHERE sku = $1", sku or self.sku)

        await wait_until(product_rows)

    async def announce_asn(
        self, serials: Sequence[str], *, quantity: int | None = None, sku: str = "", receipt: str = "", line: str = "1"
    ) -> str:
        """Announce an ASN of one line and wait until it is planned."""
        receipt_id = receipt or self.new_id("ASN")
        asn_line = AsnLine(line=line, sku=sku or self.sku, quantity=quantity or len(serials), serials=list(serials))
        await self.system.publish(AsnAnnounced(receipt=receipt_id, warehouse=WAREHOUSE, lines=[asn_line]))
        await self.wait_for_event(
            "receiving.events", receipt_id, "receipt.line_expected.v1", line=line, sku=asn_line.sku
        )
        return receipt_id

    def scan_command(self, receipt: str, serials: Sequence[str], *, session: str = "", sku: str = "") -> ScanItems:
        """Return a scan of serials at the dock."""
        return ScanItems(
            receipt=receipt,
            session=session or f"S-{receipt}",
            sku=sku or self.sku,
            location=DOCK,
            serials=list(serials),
        )

    async def confirm_session(self, receipt: str, session: str = "") -> JsonObject:
        """Confirm a scan session."""
        return await self.system.execute(ConfirmSession(receipt=receipt, session=session or f"S-{receipt}"))

    async def receive(self, serials: Sequence[str], *, sku: str = "") -> str:
        """Announce, scan and confirm serials at the dock; return the receipt."""
        receipt = await self.announce_asn(serials, sku=sku)
        await self.system.execute(self.scan_command(receipt, serials, sku=sku))
        await self.confirm_session(receipt)
        return receipt

    # Stock

    async def put_away(self, serials: Sequence[str], location: str = SHELF, *, sku: str = "") -> None:
        """Put units away from the dock."""
        await self.system.execute(
            PutAwaySerials(sku=sku or self.sku, serials=list(serials), location=location), actor="ben"
        )

    async def stock_units(self, count: int, location: str = SHELF, *, sku: str = "") -> list[str]:
        """Receive new units and put them away."""
        serials = self.new_serials(count)
        await self.receive(serials, sku=sku)
        await self.put_away(serials, location, sku=sku)
        return serials

    async def place_hold(self, serials: Sequence[str]) -> str:
        """Place a hold on units and return its id."""
        hold_id = self.new_id("H")
        await self.system.execute(
            PlaceSerialHold(sku=self.sku, serials=list(serials), hold_id=hold_id, reason="suspected"), actor="sue"
        )
        return hold_id

    async def get_unit(self, serial: str, sku: str = "") -> JsonObject:
        """Return a unit from the serials service."""
        unit: JsonObject = await self.system.get_json(
            "serials", f"/serials/{quote_path(sku or self.sku)}/{quote_path(serial)}"
        )
        return unit

    async def wait_for_status(self, serials: Sequence[str], status: str, sku: str = "") -> None:
        """Wait until units reach a status."""

        async def status_reached() -> bool:
            for serial in serials:
                unit = await self.get_unit(serial, sku)
                assert unit["status"] == status, unit
            return True

        await wait_until(status_reached)

    # Orders

    def order_command(self, quantity: int, *, serials: Sequence[str] = (), sku: str = "", **values: Any) -> OrderPlaced:
        """Return an order of one line."""
        line = OrderLine(line="10", sku=sku or self.sku, quantity=quantity, serials=list(serials))
        fields = {"order": self.new_id("SO"), "warehouse": WAREHOUSE, "customer": CUSTOMER, "lines": [line], **values}
        return OrderPlaced.model_validate(fields)

    async def place_order(self, quantity: int, *, serials: Sequence[str] = (), sku: str = "", **values: Any) -> str:
        """Place an order of one line and return its number."""
        order = self.order_command(quantity, serials=serials, sku=sku, **values)
        await self.system.publish(order)
        return order.order

    async def cancel_order(self, order: str) -> None:
        """Cancel an order and wait until it is cancelled."""
        await self.system.publish(OrderCancelled(order=order))
        await self.wait_for_event("fulfillment.events", order, "order.status_changed.v1", status="CANCELLED")

    async def wait_for_picks(self, order: str, count: int) -> list[JsonObject]:
        """Wait until the pick list has this many items and return them."""

        async def pick_items() -> list[JsonObject]:
            path = f"/orders/{quote_path(order)}/picks"
            is_known = (await self.system.get("fulfillment", path, limit=1)).is_success
            items = await self.system.get_all_items("fulfillment", path) if is_known else []
            assert len(items) == count, items
            return items

        return await wait_until(pick_items) if count else await pick_items()

    async def wait_for_allocation(self, order: str, count: int) -> list[str]:
        """Wait until the pick list has this many units and return their serials."""
        return [row["serial"] for row in await self.wait_for_picks(order, count)]

    def scanned_units(self, serials: Sequence[str], sku: str = "") -> list[UnitSelector]:
        """Return serials as scanned units."""
        return [UnitSelector(sku=sku or self.sku, serial=serial) for serial in serials]

    async def pick(self, order: str, serials: Sequence[str]) -> None:
        """Pick units and stage them."""
        await self.system.execute(
            PickItems(order=order, units=self.scanned_units(serials), location=STAGE), actor="pat"
        )

    async def pack(self, order: str, serials: Sequence[str]) -> str:
        """Pack picked units into a new carton and return it."""
        carton = self.new_id("CT")
        await self.system.execute(PackItems(order=order, carton=carton, units=self.scanned_units(serials)), actor="pat")
        return carton

    async def create_shipment(self, *cartons: str) -> str:
        """Create a shipment of these cartons and return it."""
        shipment = self.new_id("SH")
        await self.system.execute(CreateShipment(shipment=shipment, cartons=list(cartons), carrier="DHL"), actor="pat")
        return shipment

    async def dispatch(self, shipment: str) -> JsonObject:
        """Request a dispatch and return its outcome."""
        response = await self.system.execute_command(DispatchShipment(shipment=shipment), actor="dee")
        assert response.status_code == 202, response.text
        return await self.wait_for_outcome(response.headers["Location"])

    async def wait_for_outcome(self, path: str) -> JsonObject:
        """Wait until a dispatch check has finished and return it."""

        async def finished_outcome() -> JsonObject:
            outcome: JsonObject = await self.system.get_json("fulfillment", path)
            assert outcome["status"] in ("DISPATCHED", "REJECTED"), outcome
            return outcome

        return await wait_until(finished_outcome)

    async def ship(self, order: str, serials: Sequence[str]) -> str:
        """Pick, pack and ship allocated units; return the shipment."""
        await self.pick(order, serials)
        shipment = await self.create_shipment(await self.pack(order, serials))
        outcome = await self.dispatch(shipment)
        assert outcome["status"] == "DISPATCHED", outcome
        return shipment

    # Events

    async def wait_for_event(self, topic: str, key: str, type_: str | None = None, **data: Any) -> list[Event]:
        """Wait until a service has published a matching event."""

        async def matching_events() -> list[Event]:
            events = self.system.listener.events_of(topic, key, type_, **data)
            assert events, (topic, key, type_, data, self.system.listener.events[topic, key])
            return events

        return await wait_until(matching_events)
