"""The story of serialised goods: they arrive, are put away, ordered, picked, packed and sent; some of it goes wrong."""

from deploy.demo.floor import UnmetError, until
from deploy.demo.hands import ANNA, DOCK, SHELVES, STAGE, SUE, WAREHOUSE, Hands


class Units(Hands):
    """Pumps and screws, each unit with its serial."""

    @property
    def pump(self) -> str:
        """The first product."""
        return f"PUMP-{self.run}"

    @property
    def screw(self) -> str:
        """The second product."""
        return f"SCREW-{self.run}"

    async def play(self) -> None:
        """All of it, in order."""
        await self.masters()
        await self.arrivals()
        await self.receiving()
        await self.putaway()
        await self.orders()
        await self.wrong_serial()
        await self.cancelled()
        await self.back_order()
        await self.shipped()
        await self.unpicked()
        await self.held_at_dispatch()
        await self.customer_return()

    async def masters(self) -> None:
        """ERP defines the warehouse, its places and two products."""
        async with self.sheet.step("ERP publishes a warehouse, its locations and two serial-tracked products"):
            await self.outside.say(
                "erp.locations",
                "warehouse.defined.v1",
                {"warehouse": WAREHOUSE, "name": "East", "time_zone": "Europe/Berlin"},
                WAREHOUSE,
            )
            for place, kind, sequence in (
                (DOCK, "DOCK", 0),
                (STAGE, "STAGING", 0),
                *((shelf, "STORAGE", 10 * n) for n, shelf in enumerate(SHELVES, 1)),
            ):
                place_data = {"location": place, "type": kind, "pick_sequence": sequence}
                await self.outside.say("erp.locations", "location.defined.v1", place_data, place)
            for sku, name in ((self.pump, "Infusion pump 300"), (self.screw, "Cervical plate screw 4.5 x 12")):
                await self.outside.say(
                    "erp.products", "product.defined.v1", {"sku": sku, "name": name, "serial_tracked": True}
                )
            await until("the products at receiving", lambda: self.floor.get("receiving", f"/products/{self.screw}"))

    async def arrivals(self) -> None:
        """Two ASNs; the first will be short by one unit, the second names only three of its five."""
        async with self.sheet.step(
            "ERP announces two receipts: 6 pumps, all named, and 5 screws, 3 of them named"
        ) as step:
            pumps = {"line": "1", "sku": self.pump, "quantity": 6, "serials": [self.no("PU", n) for n in range(1, 7)]}
            screws = {"line": "1", "sku": self.screw, "quantity": 5, "serials": [self.no("SC", n) for n in range(1, 4)]}
            for number, line in ((1, pumps), (2, screws)):
                announced = {"receipt": self.no("ASN", number), "warehouse": WAREHOUSE, "lines": [line]}
                await self.outside.say("erp.asns", "asn.announced.v1", announced)
            await self.status(self.pump, self.no("PU", 1), "EXPECTED")
            step.shown = f"{self.no('PU', 1)} is EXPECTED"

    async def receiving(self) -> None:
        """Scans with their verdicts, a confirmed session, a receipt closed one unit short."""
        asn = self.no("ASN", 1)
        async with self.sheet.step("Scan 5 of the 6 pumps; one twice, which is refused; confirm") as step:
            await until("the receipt", lambda: self.floor.get("receiving", f"/receipts/{asn}"))
            await self.scan(asn, self.pump, [self.no("PU", n) for n in range(1, 6)])
            again = await self.floor.refused(
                "receiving", "/scans", ANNA, **self.scan_body(asn, self.pump, [self.no("PU", 1)])
            )
            await self.floor.do("receiving", f"/receipts/{asn}/sessions/{self.session(asn)}/confirm", ANNA)
            step.shown = f"twice: {again['code']}"
        async with self.sheet.step("Close the receipt: one pump is short, and expected no longer") as step:
            await self.floor.do("receiving", f"/receipts/{asn}/close", SUE)
            found = await self.floor.get("receiving", f"/receipts/{asn}/discrepancies")
            kinds = [row["kind"] for row in found.get("items", [])]
            if kinds != ["SHORT"]:
                raise UnmetError(f"discrepancies {kinds} instead of one SHORT")
            step.shown = "discrepancy SHORT 1"
        async with self.sheet.step("Scan the screws, two of them typed from unnamed labels; confirm"):
            screws = self.no("ASN", 2)
            await self.scan(screws, self.screw, [self.no("SC", n) for n in range(1, 6)])
            await self.floor.do("receiving", f"/receipts/{screws}/sessions/{self.session(screws)}/confirm", ANNA)

    async def putaway(self) -> None:
        """Everything goes to the shelves but the fifth pump, which waits for the back-order."""
        async with self.sheet.step("Put away 4 pumps and 5 screws; the fifth pump stays at the dock") as step:
            for n in range(1, 5):
                await self.put(self.pump, self.no("PU", n), SHELVES[n - 1])
            for n in range(1, 6):
                await self.put(self.screw, self.no("SC", n), SHELVES[n % 2 + 4])
            await self.status(self.pump, self.no("PU", 1), "IN_INVENTORY")
            await self.status(self.pump, self.no("PU", 5), "RECEIVED")
            step.shown = "IN_INVENTORY, and one RECEIVED"

    async def orders(self) -> None:
        """OMS places four orders; the last wants one pump more than is free."""
        async with self.sheet.step(
            "OMS places 4 orders: 2 pumps · 1 screw · 2 screws · 3 pumps (only 2 are free)"
        ) as step:
            for number, sku, quantity in ((1, self.pump, 2), (2, self.screw, 1), (3, self.screw, 2), (4, self.pump, 3)):
                await self.order(number, sku, quantity)
                await self.allocated(number, min(quantity, 2))
            step.shown = "allocated, order 4 short by 1"

    async def wrong_serial(self) -> None:
        """A picker scans a unit of another order's pick list."""
        async with self.sheet.step("Scan another order's pump while picking: refused, with whose it is") as step:
            theirs = (await self.allocated(4, 2))[0]
            body = {"order": self.no("SO", 1), "units": [{"sku": self.pump, "serial": theirs}], "location": STAGE}
            problem = await self.floor.refused("fulfillment", "/picks", ANNA, **body)
            if f"/orders/{self.no('SO', 4)}" not in problem.get("blocked_by", []):
                raise UnmetError(f"the refusal names no order: {problem}")
            step.shown = f"{problem['code']}, {problem['blocked_by'][0]}"

    async def cancelled(self) -> None:
        """An order is cancelled after its allocation: its unit is free again."""
        async with self.sheet.step("OMS cancels order 2 after its allocation: its screw is free again") as step:
            serial = (await self.allocated(2, 1))[0]
            await self.status(self.screw, serial, "ALLOCATED")
            await self.outside.say(
                "oms.orders", "order.cancelled.v1", {"order": self.no("SO", 2), "reason": "changed mind"}
            )
            await self.status(self.screw, serial, "IN_INVENTORY")
            step.shown = f"{serial} ALLOCATED → IN_INVENTORY"

    async def back_order(self) -> None:
        """The fifth pump is put away, and fills the open line by itself."""
        async with self.sheet.step("Put the fifth pump away: the back-order takes it at once") as step:
            await self.put(self.pump, self.no("PU", 5), SHELVES[4])
            await self.allocated(4, 3)
            step.shown = f"{self.no('PU', 5)} allocated to {self.no('SO', 4)}"

    async def shipped(self) -> None:
        """The straight way: pick, pack, ship."""
        async with self.sheet.step("Pick, pack and dispatch order 1: its pumps are SHIPPED") as step:
            serials = await self.allocated(1, 2)
            await self.pick(1, self.pump, serials)
            await self.pack(1, self.pump, serials, self.no("CT", 1))
            await self.ship(1)
            for serial in serials:
                await self.status(self.pump, serial, "SHIPPED")
            step.shown = ", ".join(serials)

    async def unpicked(self) -> None:
        """A picked unit goes back to the shelf, and another is picked instead or the same again."""
        async with self.sheet.step(
            "Unpick one screw of order 3 to a shelf; the order is served anew and ships"
        ) as step:
            serials = await self.allocated(3, 2)
            await self.pick(3, self.screw, serials)
            back = {"sku": self.screw, "serial": serials[0]}
            await self.floor.do(
                "fulfillment", "/unpicks", ANNA,
                order=self.no("SO", 3), units=[back], location=SHELVES[5], reason="box damaged",
            )  # fmt: skip
            anew = await self.allocated(3, 1)
            await self.pick(3, self.screw, anew)
            await self.pack(3, self.screw, [serials[1], *anew], self.no("CT", 3))
            await self.ship(3)
            step.shown = f"{serials[0]} PICKED → IN_INVENTORY, then {anew[0]}"

    async def held_at_dispatch(self) -> None:
        """Quality holds a unit that is picked and packed already: it may not leave."""
        async with self.sheet.step("Hold a pump of order 4 after its pick: the dispatch is refused") as step:
            serials = await self.allocated(4, 3)
            await self.pick(4, self.pump, serials)
            await self.pack(4, self.pump, serials, self.no("CT", 4))
            await self.create_shipment(4)
            held = {"sku": self.pump, "serials": [serials[0]], "hold": self.no("HOLD", 1), "reason": "field notice"}
            await self.floor.do("serials", "/holds", SUE, **held)
            outcome = await self.dispatch(self.no("SH", 4))
            if outcome["status"] != "REFUSED":
                raise UnmetError(f"a held unit was to leave: {outcome}")
            await self.status(self.pump, serials[0], "PICKED")
            step.shown = f"{serials[0]} stays PICKED"

    async def customer_return(self) -> None:
        """A shipped unit comes back: on hold, then restocked and put away."""
        async with self.sheet.step("Order 1's customer returns a pump: RECEIVED on hold, restocked, put away") as step:
            serial, order, back = self.no("PU", 1), self.no("SO", 1), self.no("RMA", 1)
            arrived = {"return_id": back, "order": order, "customer": "C-1", "sku": self.pump, "serials": [serial]}
            await self.floor.do("receiving", "/returns", ANNA, **arrived, location=DOCK, reason="ordered twice")
            await self.status(self.pump, serial, "RECEIVED")
            restock = {"disposition": "RESTOCK", "reason": "unopened"}
            await self.floor.do("receiving", f"/returns/{back}/disposition", SUE, **restock)
            await self.status(self.pump, serial, "RECEIVED", held=False)
            await self.put(self.pump, serial, SHELVES[0])
            await self.status(self.pump, serial, "IN_INVENTORY")
            step.shown = f"{serial} SHIPPED → RECEIVED → IN_INVENTORY"
