"""Counted goods over all services: known with their receipt, held where their label says so, back from customers."""

from decimal import Decimal
from typing import Any

import pytest

from shared.contracts.commands.fulfillment import Pack, Pick, Stock
from shared.contracts.commands.lots import PutAwayLot
from shared.contracts.commands.receiving import DisposeReturn, ReceiveReturn, Scan
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
        page = await self.world.read("lots", "/holds", product=self.sku)
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


@pytest.fixture
async def dairy(world: World, shop: Shop) -> Dairy:
    """Give milk to a test."""
    life = {"min_life_at_receipt": 30, "short_life": "HOLD"}
    await shop.product(lot_tracked=True, life=life)
    return Dairy(world, shop)


async def test_lots_are_known_with_their_receipt(dairy: Dairy) -> None:
    """Two lots of one receipt are known with numbers as scanned, dates, quantities and supplier, at once (S23-S26)."""
    await dairy.received(("0a/7 B", 12.5, "2090-01-31"), ("0A/7 B", 3, "2090-02-28"))
    assert await dairy.balances() == {("0a/7 B", DOCK): Decimal("12.5"), ("0A/7 B", DOCK): 3}
    lot = await dairy.lot("0a/7 B")
    assert (str(lot["expiry"]), lot["supplier"]) == ("2090-01-31", "Dairy")
    assert await dairy.holds() == []


async def test_two_receipts_name_other_dates(dairy: Dairy) -> None:
    """Both quantities of a lot are taken in, the earlier expiry is in force, and the lot is held (S24)."""
    await dairy.received(("L", 5, "2090-02-28"))
    await dairy.received(("L", 7, "2090-01-31"))
    assert await dairy.balances() == {("L", DOCK): 12}
    assert str((await dairy.lot("L"))["expiry"]) == "2090-01-31"
    assert await dairy.holds() == [("L", "EXPIRY_DIFFERS")]


async def test_too_little_life_is_taken_in_on_hold(dairy: Dairy, world: World, shop: Shop) -> None:
    """A lot with too little life, by a policy that holds, can be put away, and no order is given any of it (S28)."""
    await dairy.received(("OLD", 5, "2020-01-31"))
    assert ("OLD", "SHORT_LIFE") in await dairy.holds()
    await dairy.put_away("OLD", "5")
    order = await shop.order(2, sku=dairy.sku)
    await shop.heard("lots.events", dairy.sku, "lot.allocated.v1", order=order, short=2)
    await world.quiet()
    assert await shop.picks(order, 0) == []


async def test_a_lot_comes_back_in_parts(dairy: Dairy, world: World, shop: Shop) -> None:
    """At most what was shipped comes back, on hold; a part is restocked and sold again, a part scrapped (S18)."""
    await dairy.received(("L", 10, "2090-01-31"))
    await dairy.put_away("L", "10")
    order = await shop.order(6, sku=dairy.sku)
    await dairy.shipped(order, "L", "6")
    back = {"return_id": shop.no("RMA"), "order": order, "customer": "C-1", "sku": dairy.sku, "location": DOCK}
    lots = {"lots": [{"lot": "L", "quantity": 5}], "reason": "too much"}

    async def known() -> bool:
        found = await world.rows("receiving", 'SELECT shipped FROM shipped_lot WHERE "order" = $1', order)
        return bool(found)

    await eventually(known)
    wish = ReceiveReturn.model_validate(back | lots)
    await world.refused(wish.model_copy(update={"customer": "C-2"}), "not_shipped_to_customer")
    await world.do(wish)
    await world.refused(wish.model_copy(update={"return_id": shop.no("RMA")}), "already_returned")
    await shop.heard("lots.events", dairy.sku, "lot.received.v1", return_id=back["return_id"])
    assert await dairy.holds() == [("L", "RETURN")]
    decision = {"return_id": back["return_id"], "reason": "looked at"}
    some = {"lots": [{"lot": "L", "quantity": 2}], "disposition": "SCRAP"}
    await world.do(DisposeReturn.model_validate(decision | some), actor="sue")
    await shop.heard("lots.events", dairy.sku, "lot.adjusted.v1", adjustment="SCRAPPED", quantity=2)
    assert await dairy.holds() == [("L", "RETURN")]
    await world.do(DisposeReturn.model_validate(decision | {"disposition": "RESTOCK"}), actor="sue")
    await shop.heard("lots.events", dairy.sku, "lot.hold_lifted.v1", lot="L")
    await dairy.put_away("L", "3")
    assert await dairy.balances() == {("L", SHELF): 7}
    assert await dairy.holds() == []
    again = await shop.order(7, sku=dairy.sku)
    await shop.heard("lots.events", dairy.sku, "lot.allocated.v1", order=again, short=0)


async def test_units_show_the_lot_and_expiry_of_their_label(world: World, shop: Shop) -> None:
    """A serialised unit keeps the lot number and expiry that were scanned with it (S34)."""
    await shop.product()
    serials = shop.serials(2)
    receipt = await shop.announced(serials)
    labelled = {"lot": "L/1", "expiry": "2090-01-31"}
    scan = shop.scan(receipt, serials).model_dump(exclude_unset=True) | labelled
    await world.do(Scan.model_validate(scan))
    await shop.confirm(receipt)
    await shop.status(serials, "RECEIVED")
    unit = await shop.unit(serials[0])
    assert (unit["lot"], unit["expiry"]) == ("L/1", "2090-01-31")
