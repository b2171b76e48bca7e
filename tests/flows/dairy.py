"""Counted goods of a test's own: milk, received lot by lot, stored, shipped."""

from decimal import Decimal
from typing import Any

from shared.contracts.commands.fulfillment import Pack, Pick, Stock
from shared.contracts.commands.lots import PutAwayLot
from shared.contracts.commands.receiving import Scan
from shared.contracts.upstream import AsnAnnounced
from tests.flows.shop import DOCK, SHELF, STAGE, WAREHOUSE, Shop, at
from tests.flows.waiting import eventually
from tests.flows.world import Json, World


class Dairy:
    """Milk of a test's own shop, lot-tracked, with thirty days of life at receipt or a hold."""

    def __init__(self, world: World, shop: Shop) -> None:
        self.world, self.shop, self.sku = world, shop, shop.sku

    async def received(self, *lots: tuple[str, float, str]) -> str:
        """A blind receipt of these lots, numbers, quantities and expiries; the receipt."""
        receipt = self.shop.no("B")
        await self.world.do(AsnAnnounced(receipt=receipt, warehouse=WAREHOUSE, kind="BLIND", supplier="Dairy"))
        named = [{"lot": lot, "quantity": quantity, "expiry": expiry} for lot, quantity, expiry in lots]
        scan = {"receipt": receipt, "session": f"S-{receipt}", "sku": self.sku, "location": DOCK, "lots": named}
        await self.world.do(Scan.model_validate(scan))
        await self.shop.confirm(receipt)
        for lot, quantity, _ in lots:
            await self.shop.heard(
                "lots.events", self.sku, "lot.received.v1", receipt=receipt, lot=lot, quantity=quantity
            )
        return receipt

    async def put_away(self, lot: str, quantity: str, location: str = SHELF) -> None:
        """From the dock to a shelf."""
        named = {"sku": self.sku, "lot": lot, "quantity": quantity, "from_location": DOCK, "location": location}
        await self.world.do(PutAwayLot.model_validate(named), actor="ben")

    async def balances(self) -> dict[tuple[str, str], Decimal]:
        """How much of each lot lies where."""
        found = await self.world.rows("lots", "SELECT lot, location, on_hand FROM balance WHERE sku = $1", self.sku)
        return {(row["lot"], row["location"]): row["on_hand"] for row in found if row["on_hand"]}

    async def lot(self, number: str) -> Json:
        """What lots knows of a lot."""
        (row,) = await self.world.rows("lots", "SELECT * FROM lot WHERE sku = $1 AND lot = $2", self.sku, number)
        return row

    async def holds(self) -> list[Any]:
        """The open holds on lots: lot and kind."""
        page = await self.world.read("lots", "/holds", sku=self.sku)
        return [(item["lot"], item["kind"]) for item in page["items"]]

    async def shipped(self, order: str, lot: str, quantity: str) -> None:
        """Pick, pack and ship what an order was given."""

        async def given() -> bool:
            items = (await self.world.read("fulfillment", f"/orders/{at(order)}/picks"))["items"]
            assert items, order
            return True

        await eventually(given)
        stock = [Stock.model_validate({"sku": self.sku, "lot": lot, "quantity": quantity})]
        carton = self.shop.no("CT")
        await self.world.do(Pick(order=order, stock=stock, location=STAGE), actor="pat")
        await self.world.do(Pack(order=order, carton=carton, stock=stock), actor="pat")
        assert (await self.shop.dispatched(await self.shop.shipment(carton)))["status"] == "DISPATCHED"
        await self.shop.heard("lots.events", self.sku, "lot.shipped.v1", order=order)
