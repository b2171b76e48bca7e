"""One test's own corner of the warehouse for counted goods: a lot-tracked product, its lots, and orders that mix."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from shared.contracts.commands.fulfillment import Dispatch, Pack, Pick, Stock, Unit, Unpick
from shared.contracts.commands.lots import CorrectLot, HoldLot, PutAwayLot
from shared.contracts.commands.receiving import Scan, ScannedLot
from shared.contracts.upstream import OrderLine
from shared.stock.expiry import today
from tests.flows.shop import CUSTOMER, DOCK, STAGE, WAREHOUSE, Shop, at
from tests.flows.waiting import eventually
from tests.flows.world import Json

BINS = tuple(f"{WAREHOUSE}/B-{number:02}" for number in range(1, 6))
"""Storage places, in the order of the walk: each holds one lot of a product."""
Lying = Mapping[tuple[str, str], tuple[float, float]]
"""By lot and place: how much lies there, and how much of it orders have."""


def day(days: int) -> date:
    """A day so many from now, as the warehouse counts days."""
    return today(datetime.now(UTC), "Europe/Berlin") + timedelta(days)


def lot(name: str, quantity: float, days: int | None = None, **more: Any) -> ScannedLot:
    """So much of a lot as its label says, good for so many days."""
    values: Json = {"lot": name, "quantity": str(quantity), "expiry": None if days is None else day(days), **more}
    return ScannedLot.model_validate(values)


class Goods(Shop):
    """A shop whose product is tracked by lot unless said otherwise."""

    async def product(self, sku: str = "", **values: Any) -> str:
        """ERP defines a product, lot-tracked unless said otherwise; all services know it then."""
        sku = await super().product(sku, **({"lot_tracked": True} | values))

        async def known() -> bool:
            for service in ("serials", "lots", "fulfillment"):
                assert await self.world.rows(service, "SELECT 1 FROM product WHERE sku = $1", sku), service
            return True

        await eventually(known)
        return sku

    # Receiving

    def scan_lots(self, receipt: str, *lots: ScannedLot, sku: str = "") -> Scan:
        """Lots scanned at the dock."""
        session = f"S-{receipt}"
        return Scan(receipt=receipt, session=session, sku=sku or self.sku, location=DOCK, lots=list(lots))

    async def arrived(self, *lots: ScannedLot, sku: str = "") -> str:
        """Announced, scanned, confirmed: lots at the dock; the receipt."""
        receipt = await self.announced([], quantity=sum(one.quantity or 0 for one in lots), sku=sku)  # type: ignore[arg-type]
        await self.world.do(self.scan_lots(receipt, *lots, sku=sku))
        await self.confirm(receipt)
        return receipt

    async def shelved(self, name: str, quantity: float, location: str, *, sku: str = "") -> None:
        """So much of a lot from the dock to a storage place."""
        await self.world.do(
            PutAwayLot(
                sku=sku or self.sku, lot=name, quantity=Decimal(str(quantity)), from_location=DOCK, location=location
            ),
            actor="ben",
        )

    async def have(self, *lots: ScannedLot, sku: str = "", bins: tuple[str, ...] = BINS) -> None:
        """Lots in storage, each in a bin of its own."""
        await self.arrived(*lots, sku=sku)
        for one, location in zip(lots, bins, strict=False):
            await self.shelved(one.lot, float(one.quantity or 0), location, sku=sku)

    # What stands

    async def lying(self, sku: str = "") -> Lying:
        """What lies where, as lots keeps it."""
        rows = await self.world.rows("lots", "SELECT * FROM balance WHERE sku = $1 AND on_hand > 0", sku or self.sku)
        return {(row["lot"], row["location"]): (float(row["on_hand"]), float(row["allocated"])) for row in rows}

    async def lies(self, expected: Lying, sku: str = "") -> None:
        """Wait until exactly this lies there."""

        async def look() -> bool:
            assert await self.lying(sku) == expected
            return True

        await eventually(look)

    async def listed(self, order: str, expected: Mapping[tuple[str, str], float]) -> None:
        """Wait until the pick list of an order is exactly this: by lot and place."""

        async def look() -> bool:
            items = (await self.world.read("fulfillment", f"/orders/{at(order)}/picks"))["items"]
            assert {(it["lot"], it["location"]): it["quantity"] for it in items} == expected, items
            return True

        await eventually(look)

    async def dated(self, order: str, name: str, days: int) -> None:
        """Wait until an order knows that what it has of a lot, or a unit, is good for so many days."""

        async def look() -> bool:
            whole = await self.world.read("fulfillment", f"/orders/{at(order)}")
            goods = [*whole["stock"], *whole["units"]]
            assert {it["expiry"] for it in goods if name in (it.get("lot"), it.get("serial"))} == {str(day(days))}
            return True

        await eventually(look)

    # Acts

    async def corrected(self, name: str, days: int | None) -> None:
        """The label of a lot was read wrongly: it is good for so many days, or was until so many ago."""
        expiry = None if days is None else day(days)
        await self.world.do(CorrectLot(sku=self.sku, lot=name, expiry=expiry, reason="read wrongly"), actor="sue")

    async def hold_lot(self, name: str, location: str | None = None) -> str:
        """Stop a lot; the hold."""
        hold = self.no("H")
        held = HoldLot(sku=self.sku, lot=name, location=location, hold=hold, role="quality", reason="cloudy")
        await self.world.do(held, actor="sue")
        return hold

    def some(self, name: str, quantity: float, *, sku: str = "", **more: Any) -> Stock:
        """So much of a lot as it is scanned at picking and packing."""
        return Stock(sku=sku or self.sku, lot=name, quantity=Decimal(str(quantity)), **more)

    async def ordered(self, *lines: OrderLine, **values: Any) -> str:
        """OMS places an order; its number."""
        values = {"order": self.no("SO"), "lines": list(lines), **values}
        placed = self.placed(1).model_copy(update={"customer": CUSTOMER, **values})
        await self.world.say(placed)
        return placed.order

    async def picked_all(self, order: str, count: int) -> tuple[list[Unit], list[Stock]]:
        """Everything on the pick list, once it has that many items, is scanned and staged; what it is."""
        items = await self.picks(order, count)
        units = [Unit(sku=it["sku"], serial=it["serial"]) for it in items if it["serial"]]
        stock = [
            self.some(it["lot"], it["quantity"], sku=it["sku"], location=it["location"])
            for it in items
            if it["serial"] is None
        ]
        await self.world.do(Pick(order=order, units=units, stock=stock, location=STAGE), actor="pat")
        return units, [one.model_copy(update={"location": None}) for one in stock]

    async def unpicked(self, order: str, name: str, quantity: float, location: str) -> None:
        """So much of a picked lot is back at a storage place, and wanted anew."""
        back = Unpick(order=order, stock=[self.some(name, quantity)], location=location, reason="held or expired")
        await self.world.do(back, actor="pat")

    async def boxed(self, order: str, count: int) -> str:
        """Everything on the pick list is picked and packed, and a shipment created of it; the shipment."""
        units, stock = await self.picked_all(order, count)
        carton = self.no("CT")
        await self.world.do(Pack(order=order, carton=carton, units=units, stock=stock), actor="pat")
        return await self.shipment(carton)

    async def sent(self, order: str, count: int) -> str:
        """Everything on the pick list leaves; the shipment, once receiving knows what may come back of it."""
        shipment = await self.boxed(order, count)
        outcome = await self.dispatched(shipment)
        assert outcome["status"] == "DISPATCHED", outcome
        await self.world.quiet()
        return shipment

    async def kept(self, shipment: str) -> set[str]:
        """A shipment that must not leave: refused at once, or by an owner of its goods; the codes why."""
        answer = await self.world.command(Dispatch(shipment=shipment), actor="dee")
        if answer.is_client_error:
            return {refusal["code"] for refusal in answer.json()["refusals"]}
        outcome = await self.outcome(answer.headers["Location"])
        assert outcome["status"] == "REFUSED", outcome
        return {reason["code"] for reason in outcome["reasons"]}
