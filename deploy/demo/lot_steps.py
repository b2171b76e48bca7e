"""Steps with lot-tracked and untracked stock: receipt, FEFO allocation, a mixed order, expiry report and recall."""

import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import Any

from deploy.demo.actions import DOCK, PACKING_STATION, SHELVES, WAREHOUSE, WarehouseActions
from deploy.demo.client import FORKLIFT_DRIVER, SCANNER_OPERATOR, SUPERVISOR, ExpectationFailedError, wait_until
from shared.scans.gtin import has_check_digit

LATE, EARLIER, EARLIEST = "NS-0199/B", "0042/A", "0041/C"
"""Lot numbers as printed on the boxes; slashes and leading zeros are significant."""
SHELF_LIFE_DAYS = {LATE: 400, EARLIER: 120, EARLIEST: 20}
"""Days until expiry of each lot."""


class LotSteps(WarehouseActions):
    """Saline (lot-tracked), gloves (untracked) and a serial-tracked screw."""

    screw_sku: str

    @property
    def saline_sku(self) -> str:
        """Return the SKU of the lot-tracked product."""
        return f"SALINE-{self.run_id}"

    @property
    def gloves_sku(self) -> str:
        """Return the SKU of the untracked product."""
        return f"GLOVE-{self.run_id}"

    @cached_property
    def sscc(self) -> str:
        """Return the SSCC of the carton, a new one in each run."""
        digits = f"0952123{time.time_ns() % 10**10:010}"
        return next(digits + last for last in "0123456789" if has_check_digit(digits + last))

    async def play(self) -> None:
        """Play the steps in order."""
        await self.define_master_data()
        await self.receive()
        await self.put_away_lots()
        await self.allocate_first_expired_first()
        await self.scan_wrong_lot()
        await self.ship_mixed_order()
        await self.report_expiring_lots()
        await self.recall_lot()

    async def define_master_data(self) -> None:
        """Define both products; one customer requires 30 days of remaining shelf life."""
        async with self.report.step("Define a lot-tracked product with a shelf-life minimum") as step:
            shelf_life = {"customers": [{"customer": "C-21", "min_remaining_shelf_life_days": 30}]}
            saline = {
                "sku": self.saline_sku,
                "name": "Saline 0.9 %, 500 ml",
                "lot_tracked": True,
                "shelf_life": shelf_life,
            }
            gloves = {"sku": self.gloves_sku, "name": "Gloves M", "unit": "pair", "receive_by_carton": True}
            for product in (saline, gloves):
                await self.upstream.publish("erp.products", "product.defined.v1", product)
            await wait_until(
                "products in receiving", lambda: self.client.get("receiving", f"/products/{self.gloves_sku}")
            )
            step.result = "30 days for customer C-21"

    async def receive(self) -> None:
        """Receive an ASN with three lots on one line, one of which expires soon, and with a carton of gloves."""
        asn = self.document_id("ASN", 21)
        ordered = ((self.saline_sku, 80), (self.gloves_sku, 100))
        lines = [{"line": str(n), "sku": sku, "quantity": quantity} for n, (sku, quantity) in enumerate(ordered, 1)]
        async with self.report.step(
            "Receive 3 lots by scan, a carton by its SSCC; reject a lot without expiry"
        ) as step:
            carton = {"sscc": self.sscc, "content": [{"line": "2", "quantity": 100}]}
            announced = {
                "receipt": asn, "warehouse": WAREHOUSE, "supplier": "Acme", "lines": lines, "cartons": [carton],
            }  # fmt: skip
            await self.upstream.publish("erp.asns", "asn.announced.v1", announced)
            await wait_until(f"receipt {asn}", lambda: self.client.get("receiving", f"/receipts/{asn}"))
            rejection = await self.client.expect_rejection(
                "receiving", "/scans", SCANNER_OPERATOR, **self.lot_scan_request(asn, [("X-1", 1, None)])
            )
            received = [
                (lot, quantity, SHELF_LIFE_DAYS[lot]) for lot, quantity in ((LATE, 40), (EARLIER, 30), (EARLIEST, 10))
            ]
            await self.client.execute("receiving", "/scans", SCANNER_OPERATOR, **self.lot_scan_request(asn, received))
            label = {"receipt": asn, "session": self.session_id(asn), "location": DOCK, "scans": [f"]C100{self.sscc}"]}
            await self.client.execute("receiving", "/scans", SCANNER_OPERATOR, **label)
            await self.client.execute(
                "receiving", f"/receipts/{asn}/sessions/{self.session_id(asn)}/confirm", SCANNER_OPERATOR
            )
            step.result = f"no expiry date: {rejection['code']}"

    def lot_scan_request(self, receipt: str, lots: Sequence[tuple[str, int, int | None]]) -> dict[str, Any]:
        """Return the body of a lot scan at the dock: lots with quantity and days until expiry."""
        today = datetime.now(UTC).date()
        scanned_lots = [
            {"lot": lot, "quantity": quantity, **({"expiry": str(today + timedelta(days))} if days else {})}
            for lot, quantity, days in lots
        ]
        body = {"receipt": receipt, "session": self.session_id(receipt), "location": DOCK, "lots": scanned_lots}
        return body | {"sku": self.saline_sku}

    async def put_away_lots(self) -> None:
        """Put each lot away to its own location."""
        async with self.report.step("Put away the lots; reject a second lot in one location") as step:
            await self.put_away_lot(self.saline_sku, LATE, 40, SHELVES[6])
            rejection = await self.client.expect_rejection(
                "lots", "/putaways", FORKLIFT_DRIVER, **self.putaway_request(self.saline_sku, EARLIER, 30, SHELVES[6])
            )
            await self.put_away_lot(self.saline_sku, EARLIER, 30, SHELVES[7])
            await self.put_away_lot(self.saline_sku, EARLIEST, 10, SHELVES[8])
            await self.put_away_lot(self.gloves_sku, "", 100, SHELVES[9])
            step.result = f"{rejection['code']}; suggested: {', '.join(rejection.get('suggested', []))}"

    def putaway_request(self, sku: str, lot: str, quantity: int, location: str) -> dict[str, Any]:
        """Return the body of a putaway from the dock."""
        return {"sku": sku, "lot": lot, "quantity": quantity, "from_location": DOCK, "location": location}

    async def put_away_lot(self, sku: str, lot: str, quantity: int, location: str) -> None:
        """Put away a quantity of a lot."""
        await self.client.execute(
            "lots", "/putaways", FORKLIFT_DRIVER, **self.putaway_request(sku, lot, quantity, location)
        )

    async def place_order_lines(self, number: int, lines: list[dict[str, Any]]) -> list[dict[str, Any]]:
        """Place an order of several lines and wait until all of it can be picked."""
        order = {
            "order": self.document_id("SO", number),
            "warehouse": WAREHOUSE,
            "customer": self.customer(number),
            "lines": lines,
        }
        await self.upstream.publish("oms.orders", "order.placed.v1", order)
        return await self.wait_for_picks(number, sum(line["quantity"] for line in lines))

    async def wait_for_picks(self, number: int, quantity: float) -> list[dict[str, Any]]:
        """Wait until the pick list of an order has the quantity; return its items."""
        order = self.document_id("SO", number)

        async def probe() -> list[dict[str, Any]]:
            items: list[dict[str, Any]] = (await self.client.get("fulfillment", f"/orders/{order}/picks")).get(
                "items", []
            )
            return items if sum(item["quantity"] for item in items) == quantity else []

        picks: list[dict[str, Any]] = await wait_until(f"pick list of {order} with quantity {quantity}", probe)
        return picks

    async def allocate_first_expired_first(self) -> None:
        """Allocate the earliest expiry among the lots with enough shelf life for the customer."""
        async with self.report.step("Allocate 45 by FEFO, skipping a lot with short shelf life") as step:
            items = await self.place_order_lines(21, [{"line": "10", "sku": self.saline_sku, "quantity": 45}])
            allocated = {item["lot"]: item["quantity"] for item in items}
            if allocated != {EARLIER: 30, LATE: 15}:
                raise ExpectationFailedError(f"not allocated by FEFO: {allocated}")
            step.result = ", ".join(f"{allocated[lot]:g} of {lot}" for lot in (EARLIER, LATE))

    async def scan_wrong_lot(self) -> None:
        """Scan a lot that is not on the pick list."""
        async with self.report.step("Reject the wrong lot at picking: shows which lots to take") as step:
            stock = [{"sku": self.saline_sku, "lot": EARLIEST, "quantity": 1}]
            body = {"order": self.document_id("SO", 21), "stock": stock, "location": PACKING_STATION}
            problem = await self.client.expect_rejection("fulfillment", "/picks", SCANNER_OPERATOR, **body)
            step.result = f"{problem['code']}: {problem['detail'].rpartition('; ')[2]}"

    async def pick_pack_and_ship(self, number: int, items: list[dict[str, Any]]) -> None:
        """Pick, pack and ship all items of a pick list."""
        order, carton = self.document_id("SO", number), self.document_id("CT", number)
        picked = {
            "units": [{"sku": item["sku"], "serial": item["serial"]} for item in items if item["serial"]],
            "stock": [
                {name: item[name] for name in ("sku", "lot", "quantity", "line", "location")}
                for item in items
                if not item["serial"]
            ],
        }
        await self.client.execute(
            "fulfillment", "/picks", SCANNER_OPERATOR, order=order, location=PACKING_STATION, **picked
        )
        packed_lots = [{name: item[name] for name in ("sku", "lot", "quantity", "line")} for item in picked["stock"]]
        pack_request = {"order": order, "carton": carton, "units": picked["units"], "stock": packed_lots}
        await self.client.execute("fulfillment", "/packs", SCANNER_OPERATOR, **pack_request)
        await self.ship(number)

    async def ship_mixed_order(self) -> None:
        """Ship serial-tracked, lot-tracked and untracked items in one carton."""
        async with self.report.step("Ship serials, lots and untracked items in one shipment") as step:
            ordered = ((self.screw_sku, 1), (self.saline_sku, 5), (self.gloves_sku, 12))
            lines = [
                {"line": str(number), "sku": sku, "quantity": count} for number, (sku, count) in enumerate(ordered, 1)
            ]
            items = await self.place_order_lines(22, lines)
            lots = {item["lot"] for item in items if item["sku"] == self.saline_sku}
            if lots != {EARLIEST}:
                raise ExpectationFailedError(f"not allocated by FEFO: {lots}")
            await self.pick_pack_and_ship(22, items)
            step.result = f"lot {EARLIEST}, the earliest expiry"

    async def report_expiring_lots(self) -> None:
        """Query the report of expiring lots."""
        async with self.report.step("Report expiring lots: lists the lot with 20 days left") as step:

            async def probe() -> list[dict[str, Any]]:
                page = await self.client.get("lots", "/reports/expiring-lots", sku=self.saline_sku)
                return [row for row in page.get("items", []) if row["lot"] == EARLIEST]

            (row,) = await wait_until("report of expiring lots", probe)
            step.result = f"{row['lot']}: {row['on_hand']} on hand, {row['bucket']} days"

    async def recall_lot(self) -> None:
        """Recall a lot of which a part was shipped."""
        async with self.report.step("Recall a shipped lot by notice: lists customers to contact") as step:
            await self.pick_pack_and_ship(21, await self.wait_for_picks(21, 45))
            recall_id = self.document_id("RC", 1)
            notice = {
                "text": f"URGENT: recall of saline, lot {EARLIER.lower()}.",
                "skus": [self.saline_sku],
                "reason": "particles",
            }
            await self.client.execute("lots", "/recalls", SUPERVISOR, recall=recall_id, **notice)

            async def probe() -> list[dict[str, Any]]:
                status = await self.client.get("lots", f"/recalls/{recall_id}")
                contacts = await self.client.get("lots", f"/recalls/{recall_id}/contacts")
                return contacts.get("items", []) if status.get("complete_at") else []

            (contact,) = await wait_until("customer contact list", probe)
            reconciliation = await self.client.get("lots", f"/recalls/{recall_id}/reconciliation")
            if [row["difference"] for row in reconciliation["items"]] != [0]:
                raise ExpectationFailedError(f"recall does not reconcile: {reconciliation}")
            customer = f"{contact['customer_name']}, {contact['contact']}"
            step.result = f"{customer}: {contact['quantity']:g} shipped with {contact['shipment']}"
