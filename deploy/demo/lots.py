"""The story of counted goods: lots and their dates, first expired first out, an order that mixes, and a recall."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from deploy.demo.floor import UnmetError, until
from deploy.demo.hands import ANNA, BEN, DOCK, SHELVES, STAGE, SUE, WAREHOUSE, Hands

LATE, SOONER, SOON = "NS-0199/B", "0042/A", "0041/C"
"""The makers' own lot numbers, as they stand on the boxes: slashes and zeros belong to them."""
KEEPS = {LATE: 400, SOONER: 120, SOON: 20}
"""Days until each lot expires."""


class Lots(Hands):
    """Saline in lots, gloves without any, and a screw of the other story."""

    screw: str

    @property
    def saline(self) -> str:
        """A product in lots."""
        return f"SALINE-{self.run}"

    @property
    def gloves(self) -> str:
        """A product that is only counted."""
        return f"GLOVE-{self.run}"

    async def play(self) -> None:
        """All of it, in order."""
        await self.masters()
        await self.receiving()
        await self.putaway()
        await self.first_expired_first()
        await self.wrong_lot()
        await self.mixed()
        await self.expiring()
        await self.recall()

    async def masters(self) -> None:
        """ERP defines both products; the clinic demands thirty days of life of its saline."""
        async with self.sheet.step(
            "ERP publishes a lot-tracked product, of which one clinic demands 30 days of life"
        ) as it:
            life = {"customers": [{"customer": "C-21", "min_life_days": 30}]}
            saline = {"sku": self.saline, "name": "Saline 0.9 %, 500 ml", "lot_tracked": True, "life": life}
            gloves = {"sku": self.gloves, "name": "Gloves M", "unit": "pair"}
            for product in (saline, gloves):
                await self.outside.say("erp.products", "product.defined.v1", product)
            await until("the product at receiving", lambda: self.floor.get("receiving", f"/products/{self.gloves}"))
            it.shown = "and an untracked one"

    async def receiving(self) -> None:
        """One ASN; three lots of saline on one line, one of which will expire soon."""
        asn = self.no("ASN", 21)
        lines = [
            {"line": "1", "sku": self.saline, "quantity": 80}, {"line": "2", "sku": self.gloves, "quantity": 100},
        ]  # fmt: skip
        async with self.sheet.step(
            "Receive 3 lots on one line, and gloves; a lot without its expiry is refused"
        ) as step:
            announced = {"receipt": asn, "warehouse": WAREHOUSE, "supplier": "Acme", "lines": lines}
            await self.outside.say("erp.asns", "asn.announced.v1", announced)
            await until("the receipt", lambda: self.floor.get("receiving", f"/receipts/{asn}"))
            nameless = await self.floor.refused("receiving", "/scans", ANNA, **self.counted(asn, [("X-1", 1, None)]))
            came = [(lot, quantity, KEEPS[lot]) for lot, quantity in ((LATE, 40), (SOONER, 30), (SOON, 10))]
            await self.floor.do("receiving", "/scans", ANNA, **self.counted(asn, came))
            await self.floor.do("receiving", "/scans", ANNA, **self.counted(asn, [("", 100, None)], self.gloves))
            await self.floor.do("receiving", f"/receipts/{asn}/sessions/{self.session(asn)}/confirm", ANNA)
            step.shown = f"without a date: {nameless['code']}"

    def counted(self, receipt: str, lots: Sequence[tuple[str, int, int | None]], sku: str = "") -> dict[str, Any]:
        """A scan of lots at the dock, each with its quantity and the days until it expires."""
        today = datetime.now(UTC).date()
        listed = [
            {"lot": lot, "quantity": quantity, **({"expiry": str(today + timedelta(days))} if days else {})}
            for lot, quantity, days in lots
        ]
        body = {"receipt": receipt, "session": self.session(receipt), "location": DOCK, "lots": listed}
        return body | {"sku": sku or self.saline}

    async def putaway(self) -> None:
        """Each lot on a shelf of its own."""
        async with self.sheet.step("Put them away; a second lot on one shelf is refused, with a better place") as step:
            await self.store(self.saline, LATE, 40, SHELVES[6])
            refused = await self.floor.refused(
                "lots", "/putaways", BEN, **self.putting(self.saline, SOONER, 30, SHELVES[6])
            )
            await self.store(self.saline, SOONER, 30, SHELVES[7])
            await self.store(self.saline, SOON, 10, SHELVES[8])
            await self.store(self.gloves, "", 100, SHELVES[9])
            step.shown = f"{refused['code']}; better: {', '.join(refused.get('suggested', []))}"

    def putting(self, sku: str, lot: str, quantity: int, location: str) -> dict[str, Any]:
        """A putaway from the dock."""
        return {"sku": sku, "lot": lot, "quantity": quantity, "from_location": DOCK, "location": location}

    async def store(self, sku: str, lot: str, quantity: int, location: str) -> None:
        """Put so much of a lot away."""
        await self.floor.do("lots", "/putaways", BEN, **self.putting(sku, lot, quantity, location))

    async def demanded(self, number: int, lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """OMS places an order of several lines; wait until all of it can be picked."""
        placed = {
            "order": self.no("SO", number),
            "warehouse": WAREHOUSE,
            "customer": self.customer(number),
            "lines": lines,
        }
        await self.outside.say("oms.orders", "order.placed.v1", placed)
        return await self.to_pick(number, sum(line["quantity"] for line in lines))

    async def to_pick(self, number: int, quantity: float) -> list[dict[str, Any]]:
        """Wait until so much of an order can be picked; what, and where."""
        order = self.no("SO", number)

        async def look() -> list[dict[str, Any]]:
            items: list[dict[str, Any]] = (await self.floor.get("fulfillment", f"/orders/{order}/picks")).get(
                "items", []
            )
            return items if sum(item["quantity"] for item in items) == quantity else []

        found: list[dict[str, Any]] = await until(f"{quantity} to pick for {order}", look)
        return found

    async def first_expired_first(self) -> None:
        """The clinic's order takes the lot that expires first of those that live long enough."""
        async with self.sheet.step(
            "Order 45 of saline: first expired first out, past the lot that lives too short"
        ) as step:
            items = await self.demanded(21, [{"line": "10", "sku": self.saline, "quantity": 45}])
            given = {item["lot"]: item["quantity"] for item in items}
            if given != {SOONER: 30, LATE: 15}:
                raise UnmetError(f"not first expired first out: {given}")
            step.shown = ", ".join(f"{quantity:g} of {lot}" for lot, quantity in given.items())

    async def wrong_lot(self) -> None:
        """A picker takes a box of another lot."""
        async with self.sheet.step("Scan a box of another lot while picking: refused, with the lots to take") as step:
            stock = [{"sku": self.saline, "lot": SOON, "quantity": 1}]
            body = {"order": self.no("SO", 21), "stock": stock, "location": STAGE}
            problem = await self.floor.refused("fulfillment", "/picks", ANNA, **body)
            step.shown = f"{problem['code']}: {problem['detail']}"

    async def take(self, number: int, items: list[dict[str, Any]]) -> None:
        """Pick, pack and send all that an order was given."""
        order, carton = self.no("SO", number), self.no("CT", number)
        goods = {
            "units": [{"sku": item["sku"], "serial": item["serial"]} for item in items if item["serial"]],
            "stock": [
                {name: item[name] for name in ("sku", "lot", "quantity", "line", "location")}
                for item in items
                if not item["serial"]
            ],
        }
        await self.floor.do("fulfillment", "/picks", ANNA, order=order, location=STAGE, **goods)
        boxed = [{name: part[name] for name in ("sku", "lot", "quantity", "line")} for part in goods["stock"]]
        packed = {"order": order, "carton": carton, "units": goods["units"], "stock": boxed}
        await self.floor.do("fulfillment", "/packs", ANNA, **packed)
        await self.ship(number)

    async def mixed(self) -> None:
        """Serials, lots and an untracked product in one carton."""
        async with self.sheet.step(
            "Ship an order of a screw, saline and gloves: serial, lot and neither, one dispatch"
        ) as step:
            wanted = ((self.screw, 1), (self.saline, 5), (self.gloves, 12))
            lines = [{"line": str(n), "sku": sku, "quantity": count} for n, (sku, count) in enumerate(wanted, 1)]
            items = await self.demanded(22, lines)
            lots = {item["lot"] for item in items if item["sku"] == self.saline}
            if lots != {SOON}:
                raise UnmetError(f"not the lot that expires first: {lots}")
            await self.take(22, items)
            step.shown = f"saline of {SOON}, which expires first"

    async def expiring(self) -> None:
        """The report that somebody looks at every day."""
        async with self.sheet.step("The report of expiring lots shows the one with 20 days left") as step:

            async def look() -> list[dict[str, Any]]:
                page = await self.floor.get("lots", "/reports/expiring-lots", sku=self.saline)
                return [row for row in page.get("items", []) if row["lot"] == SOON]

            (row,) = await until("the report of expiring lots", look)
            step.shown = f"{row['lot']}: {row['on_hand']} left, {row['bucket']}"

    async def recall(self) -> None:
        """The maker recalls a lot that is partly with a customer."""
        async with self.sheet.step("Send order 21, then recall a lot from the maker's notice: whom to call") as step:
            await self.take(21, await self.to_pick(21, 45))
            recall = self.no("RC", 1)
            notice = {
                "text": f"URGENT: recall of saline, lot {SOONER.lower()}.",
                "skus": [self.saline],
                "reason": "particles",
            }
            await self.floor.do("lots", "/recalls", SUE, recall=recall, **notice)

            async def look() -> list[dict[str, Any]]:
                found = await self.floor.get("lots", f"/recalls/{recall}")
                calls = await self.floor.get("lots", f"/recalls/{recall}/calls")
                return calls.get("items", []) if found.get("complete_at") else []

            (call,) = await until("the call list", look)
            sums = await self.floor.get("lots", f"/recalls/{recall}/reconciliation")
            if [row["difference"] for row in sums["items"]] != [0]:
                raise UnmetError(f"the recall does not reconcile: {sums}")
            step.shown = f"{call['customer_name']}, {call['contact']}: {call['quantity']:g} with {call['shipment']}"
