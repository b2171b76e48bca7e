"""Perishable lot-tracked stock: received, stored and shipped lot by lot."""

from decimal import Decimal
from typing import Any

from shared.contracts.commands.fulfillment import LotSelector, PackItems, PickItems
from shared.contracts.commands.lots import PutAwayLot
from shared.contracts.commands.receiving import ScanItems
from shared.contracts.upstream import AsnAnnounced
from tests.e2e.serial_scenario import DOCK, SHELF, STAGE, WAREHOUSE, SerialScenario, quote_path
from tests.e2e.system import JsonObject, SystemUnderTest
from tests.support.polling import wait_until


class MilkLots:
    """The lots of one product."""

    def __init__(self, system: SystemUnderTest, scenario: SerialScenario) -> None:
        self.system, self.scenario, self.sku = system, scenario, scenario.sku

    async def receive(self, *lots: tuple[str, float, str]) -> str:
        """Receive lots (number, quantity, expiry) on a blind receipt and return it."""
        receipt = self.scenario.new_id("B")
        await self.system.execute(AsnAnnounced(receipt=receipt, warehouse=WAREHOUSE, kind="BLIND", supplier="Dairy"))
        scanned_lots = [{"lot": lot, "quantity": quantity, "expiry": expiry} for lot, quantity, expiry in lots]
        scan = {"receipt": receipt, "session": f"S-{receipt}", "sku": self.sku, "location": DOCK, "lots": scanned_lots}
        await self.system.execute(ScanItems.model_validate(scan))
        await self.scenario.confirm_session(receipt)
        for lot, quantity, _ in lots:
            await self.scenario.wait_for_event(
                "lots.events", self.sku, "lot.received.v1", receipt=receipt, lot=lot, quantity=quantity
            )
        return receipt

    async def put_away(self, lot: str, quantity: str, location: str = SHELF) -> None:
        """Put away a quantity of a lot from the dock."""
        fields = {"sku": self.sku, "lot": lot, "quantity": quantity, "from_location": DOCK, "location": location}
        await self.system.execute(PutAwayLot.model_validate(fields), actor="ben")

    async def on_hand_by_location(self) -> dict[tuple[str, str], Decimal]:
        """Return the on-hand quantity by lot and location."""
        rows = await self.system.fetch_rows(
            "lots", "SELECT lot, location, on_hand FROM balance WHERE sku = $1", self.sku
        )
        return {(row["lot"], row["location"]): row["on_hand"] for row in rows if row["on_hand"]}

    async def load_lot(self, lot_number: str) -> JsonObject:
        """Return the row of a lot."""
        (row,) = await self.system.fetch_rows(
            "lots", "SELECT * FROM lot WHERE sku = $1 AND lot = $2", self.sku, lot_number
        )
        return row

    async def open_holds(self) -> list[Any]:
        """Return the lot and kind of each open hold."""
        page = await self.system.get_json("lots", "/holds", sku=self.sku)
        return [(item["lot"], item["kind"]) for item in page["items"]]

    async def ship(self, order: str, lot: str, quantity: str) -> None:
        """Pick, pack and ship an allocated quantity."""

        async def is_allocated() -> bool:
            items = (await self.system.get_json("fulfillment", f"/orders/{quote_path(order)}/picks"))["items"]
            assert items, order
            return True

        await wait_until(is_allocated)
        stock = [LotSelector.model_validate({"sku": self.sku, "lot": lot, "quantity": quantity})]
        carton = self.scenario.new_id("CT")
        await self.system.execute(PickItems(order=order, stock=stock, location=STAGE), actor="pat")
        await self.system.execute(PackItems(order=order, carton=carton, stock=stock), actor="pat")
        assert (await self.scenario.dispatch(await self.scenario.create_shipment(carton)))["status"] == "DISPATCHED"
        await self.scenario.wait_for_event("lots.events", self.sku, "lot.shipped.v1", order=order)
