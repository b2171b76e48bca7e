"""Steps with serial-tracked stock: receive, put away, order, pick, pack, ship and return, with exceptions."""

from deploy.demo.actions import DOCK, PACKING_STATION, SHELVES, WAREHOUSE, WarehouseActions
from deploy.demo.client import SCANNER_OPERATOR, SUPERVISOR, ExpectationFailedError, wait_until


class SerialSteps(WarehouseActions):
    """Pumps and screws, both serial-tracked."""

    @property
    def pump_sku(self) -> str:
        """Return the SKU of the pump."""
        return f"PUMP-{self.run_id}"

    @property
    def screw_sku(self) -> str:
        """Return the SKU of the screw."""
        return f"SCREW-{self.run_id}"

    async def play(self) -> None:
        """Play the steps in order."""
        await self.define_master_data()
        await self.announce_receipts()
        await self.receive()
        await self.put_away_stock()
        await self.place_orders()
        await self.scan_wrong_serial()
        await self.cancel_order()
        await self.fill_backorder()
        await self.ship_order()
        await self.unpick_and_reship()
        await self.hold_before_dispatch()
        await self.return_unit()

    async def define_master_data(self) -> None:
        """Define the warehouse, its locations and two products."""
        async with self.report.step("Define a warehouse, locations and 2 serial-tracked products"):
            await self.upstream.publish(
                "erp.locations",
                "warehouse.defined.v1",
                {"warehouse": WAREHOUSE, "name": "East", "time_zone": "Europe/Berlin"},
                WAREHOUSE,
            )
            for location, kind, sequence in (
                (DOCK, "DOCK", 0),
                (PACKING_STATION, "STAGING", 0),
                *((shelf, "STORAGE", 10 * number) for number, shelf in enumerate(SHELVES, 1)),
            ):
                location_data = {"location": location, "type": kind, "pick_sequence": sequence}
                await self.upstream.publish("erp.locations", "location.defined.v1", location_data, location)
            pump = {"sku": self.pump_sku, "name": "Infusion pump 300"}
            barcodes = [{"code": self.gtin, "type": "GTIN"}]
            screw = {"sku": self.screw_sku, "name": "Cervical plate screw 4.5 x 12", "barcodes": barcodes}
            for product in (pump, screw):
                await self.upstream.publish("erp.products", "product.defined.v1", product | {"serial_tracked": True})
            await wait_until(
                "products in receiving", lambda: self.client.get("receiving", f"/products/{self.screw_sku}")
            )

    async def announce_receipts(self) -> None:
        """Announce two receipts; the first will be one unit short, the second lists 3 of 5 serials."""
        async with self.report.step("Announce 2 receipts: 6 pumps, 5 screws (3 serials listed)") as step:
            pumps = {
                "line": "1",
                "sku": self.pump_sku,
                "quantity": 6,
                "serials": [self.document_id("PU", index) for index in range(1, 7)],
            }
            screws = {
                "line": "1",
                "sku": self.screw_sku,
                "quantity": 5,
                "serials": [self.document_id("SC", index) for index in range(1, 4)],
            }
            for number, line in ((1, pumps), (2, screws)):
                announced = {"receipt": self.document_id("ASN", number), "warehouse": WAREHOUSE, "lines": [line]}
                await self.upstream.publish("erp.asns", "asn.announced.v1", announced)
            await self.wait_for_status(self.pump_sku, self.document_id("PU", 1), "EXPECTED")
            step.result = f"{self.document_id('PU', 1)} is EXPECTED"

    async def receive(self) -> None:
        """Scan and confirm both receipts; close the first with one unit missing."""
        asn = self.document_id("ASN", 1)
        async with self.report.step("Receive 5 of 6 pumps by scan; reject a duplicate scan") as step:
            await wait_until(f"receipt {asn}", lambda: self.client.get("receiving", f"/receipts/{asn}"))
            await self.scan(asn, self.pump_sku, [self.document_id("PU", number) for number in range(1, 6)])
            rejection = await self.client.expect_rejection(
                "receiving",
                "/scans",
                SCANNER_OPERATOR,
                **self.scan_request(asn, self.pump_sku, [self.document_id("PU", 1)]),
            )
            await self.client.execute(
                "receiving", f"/receipts/{asn}/sessions/{self.session_id(asn)}/confirm", SCANNER_OPERATOR
            )
            step.result = f"duplicate scan: {rejection['code']}"
        async with self.report.step("Close the receipt 1 pump short: records a discrepancy") as step:
            await self.client.execute("receiving", f"/receipts/{asn}/close", SUPERVISOR)
            discrepancies = await self.client.get("receiving", f"/receipts/{asn}/discrepancies")
            kinds = [row["kind"] for row in discrepancies.get("items", [])]
            if kinds != ["SHORT"]:
                raise ExpectationFailedError(f"expected one SHORT discrepancy, found {kinds}")
            step.result = "SHORT, 1 pump"
        async with self.report.step("Receive 5 of 5 screws by raw GS1 scans, 2 with unlisted serials") as step:
            screws = self.document_id("ASN", 2)
            await self.scan_labels(screws, [self.document_id("SC", number) for number in range(1, 6)])
            await self.client.execute(
                "receiving", f"/receipts/{screws}/sessions/{self.session_id(screws)}/confirm", SCANNER_OPERATOR
            )
            await self.wait_for_status(self.screw_sku, self.document_id("SC", 5), "RECEIVED")
            step.result = f"{self.document_id('SC', 5)} is RECEIVED"

    async def put_away_stock(self) -> None:
        """Put away all units except pump 5, which will fill the backorder."""
        async with self.report.step("Put away 4 pumps and 5 screws; pump 5 stays at the dock") as step:
            for number in range(1, 5):
                await self.put_away(self.pump_sku, self.document_id("PU", number), SHELVES[number - 1])
            for number in range(1, 6):
                await self.put_away(self.screw_sku, self.document_id("SC", number), SHELVES[number % 2 + 4])
            await self.wait_for_status(self.pump_sku, self.document_id("PU", 1), "IN_INVENTORY")
            await self.wait_for_status(self.pump_sku, self.document_id("PU", 5), "RECEIVED")
            step.result = "9 IN_INVENTORY, 1 RECEIVED"

    async def place_orders(self) -> None:
        """Place four orders; the last needs one pump more than available."""
        async with self.report.step("Place 4 orders: 2 pumps, 1 screw, 2 screws, 3 pumps") as step:
            for number, sku, quantity in (
                (1, self.pump_sku, 2),
                (2, self.screw_sku, 1),
                (3, self.screw_sku, 2),
                (4, self.pump_sku, 3),
            ):
                await self.place_order(number, sku, quantity)
                await self.wait_for_allocation(number, min(quantity, 2))
            step.result = "allocated; 1 pump of order 4 on backorder"

    async def scan_wrong_serial(self) -> None:
        """Scan a unit that is allocated to another order."""
        async with self.report.step("Reject the wrong serial at picking: shows its order") as step:
            other_serial = (await self.wait_for_allocation(4, 2))[0]
            body = {
                "order": self.document_id("SO", 1),
                "units": [{"sku": self.pump_sku, "serial": other_serial}],
                "location": PACKING_STATION,
            }
            problem = await self.client.expect_rejection("fulfillment", "/picks", SCANNER_OPERATOR, **body)
            if f"/orders/{self.document_id('SO', 4)}" not in problem.get("blocked_by", []):
                raise ExpectationFailedError(f"the problem does not show the order: {problem}")
            step.result = f"{problem['code']}, {problem['blocked_by'][0]}"

    async def cancel_order(self) -> None:
        """Cancel an allocated order; its unit becomes available again."""
        async with self.report.step("Cancel order 2 after allocation: releases its screw") as step:
            serial = (await self.wait_for_allocation(2, 1))[0]
            await self.wait_for_status(self.screw_sku, serial, "ALLOCATED")
            await self.upstream.publish(
                "oms.orders", "order.cancelled.v1", {"order": self.document_id("SO", 2), "reason": "changed mind"}
            )
            await self.wait_for_status(self.screw_sku, serial, "IN_INVENTORY")
            step.result = f"{serial} ALLOCATED → IN_INVENTORY"

    async def fill_backorder(self) -> None:
        """Put pump 5 away; the backorder is allocated automatically."""
        async with self.report.step("Put away pump 5: fills the backorder automatically") as step:
            await self.put_away(self.pump_sku, self.document_id("PU", 5), SHELVES[4])
            await self.wait_for_allocation(4, 3)
            step.result = f"{self.document_id('PU', 5)} allocated to {self.document_id('SO', 4)}"

    async def ship_order(self) -> None:
        """Pick, pack and ship an order."""
        async with self.report.step("Pick, pack and dispatch order 1") as step:
            serials = await self.wait_for_allocation(1, 2)
            await self.pick(1, self.pump_sku, serials)
            await self.pack(1, self.pump_sku, serials, self.document_id("CT", 1))
            await self.ship(1)
            for serial in serials:
                await self.wait_for_status(self.pump_sku, serial, "SHIPPED")
            step.result = f"{', '.join(serials)} SHIPPED"

    async def unpick_and_reship(self) -> None:
        """Unpick a unit; pick the replacement, which may be the same unit, and ship."""
        async with self.report.step("Unpick a damaged screw of order 3, reallocate and ship") as step:
            serials = await self.wait_for_allocation(3, 2)
            await self.pick(3, self.screw_sku, serials)
            unpicked = {"sku": self.screw_sku, "serial": serials[0]}
            await self.client.execute(
                "fulfillment", "/unpicks", SCANNER_OPERATOR,
                order=self.document_id("SO", 3), units=[unpicked], location=SHELVES[5], reason="box damaged",
            )  # fmt: skip
            reallocated = await self.wait_for_allocation(3, 1)
            await self.pick(3, self.screw_sku, reallocated)
            await self.pack(3, self.screw_sku, [serials[1], *reallocated], self.document_id("CT", 3))
            await self.ship(3)
            step.result = f"{serials[0]} PICKED → IN_INVENTORY; picked {reallocated[0]}"

    async def hold_before_dispatch(self) -> None:
        """Place a hold on a packed unit; its shipment cannot be dispatched."""
        async with self.report.step("Hold a packed pump of order 4: its dispatch is rejected") as step:
            serials = await self.wait_for_allocation(4, 3)
            await self.pick(4, self.pump_sku, serials)
            await self.pack(4, self.pump_sku, serials, self.document_id("CT", 4))
            await self.create_shipment(4)
            hold = {
                "sku": self.pump_sku,
                "serials": [serials[0]],
                "hold_id": self.document_id("HOLD", 1),
                "reason": "field notice",
            }
            await self.client.execute("serials", "/holds", SUPERVISOR, **hold)
            outcome = await self.dispatch(self.document_id("SH", 4))
            if outcome["status"] != "REJECTED":
                raise ExpectationFailedError(f"a unit on hold was dispatched: {outcome}")
            await self.wait_for_status(self.pump_sku, serials[0], "PICKED")
            step.result = f"{serials[0]} stays PICKED"

    async def return_unit(self) -> None:
        """Return a shipped unit: received on hold, then restocked and put away."""
        async with self.report.step("Return a pump: received on hold, restocked, put away") as step:
            serial, order, return_id = self.document_id("PU", 1), self.document_id("SO", 1), self.document_id("RMA", 1)
            arrived = {
                "return_id": return_id,
                "order": order,
                "customer": "C-1",
                "sku": self.pump_sku,
                "serials": [serial],
            }
            await self.client.execute(
                "receiving", "/returns", SCANNER_OPERATOR, **arrived, location=DOCK, reason="ordered twice"
            )
            await self.wait_for_status(self.pump_sku, serial, "RECEIVED")
            restock = {"disposition": "RESTOCK", "reason": "unopened"}
            await self.client.execute("receiving", f"/returns/{return_id}/disposition", SUPERVISOR, **restock)
            await self.wait_for_status(self.pump_sku, serial, "RECEIVED", on_hold=False)
            await self.put_away(self.pump_sku, serial, SHELVES[0])
            await self.wait_for_status(self.pump_sku, serial, "IN_INVENTORY")
            step.result = f"{serial} SHIPPED → RECEIVED → IN_INVENTORY"
