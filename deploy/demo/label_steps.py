"""Steps with labels and files: receive by GS1 scans and by a CSV file, print a label and a packing slip."""

from typing import Any

from biip.checksums import gs1_standard_check_digit

from deploy.demo.actions import DOCK, SHELVES, WAREHOUSE, WarehouseActions
from deploy.demo.client import SCANNER_OPERATOR, SUPERVISOR, ExpectationFailedError, wait_until
from deploy.local.files import PROJECT, STACK

EXPIRY = "351231"
LOT = "L/0042"
FNC1 = "\x1d"


class LabelSteps(WarehouseActions):
    """Valves, serial-tracked, whose labels carry GS1 data."""

    @property
    def valve_sku(self) -> str:
        """Return the SKU of the valve."""
        return f"VALVE-{self.run_id}"

    @property
    def valve_gtin(self) -> str:
        """Return the GTIN of the valve, in 14 digits."""
        digits = f"04{self.run_id}002"
        return f"{digits}{gs1_standard_check_digit(digits)}"

    async def play(self) -> None:
        """Play the steps in order."""
        await self.receive_by_scans()
        await self.receive_carton()
        await self.receive_by_file()
        await self.print_documents()

    def scan_of(self, number: int) -> str:
        """Return what a scanner sends of the DataMatrix of a valve: GTIN, expiry date, lot and serial number."""
        return f"]d201{self.valve_gtin}17{EXPIRY}10{LOT}{FNC1}21{self.document_id('VA', number)}"

    async def receive_by_scans(self) -> None:
        """Receive one line by the labels of its units; the labels name everything."""
        asn = self.document_id("ASN", 41)
        async with self.report.step("Receive 3 valves by scans of their GS1 DataMatrix labels") as step:
            barcodes = [{"code": self.valve_gtin, "type": "GTIN"}]
            valve = {"sku": self.valve_sku, "name": "Valve DN 20", "serial_tracked": True, "barcodes": barcodes}
            await self.upstream.publish("erp.products", "product.defined.v1", valve)
            line = {"line": "1", "sku": self.valve_sku, "quantity": 3}
            announced = {"receipt": asn, "warehouse": WAREHOUSE, "lines": [line]}
            await self.upstream.publish("erp.asns", "asn.announced.v1", announced)
            await wait_until(f"receipt {asn}", lambda: self.client.get("receiving", f"/receipts/{asn}"))
            await self.scan_and_confirm(asn, [self.scan_of(number) for number in range(1, 4)])
            serial = self.document_id("VA", 1)
            await self.wait_for_status(self.valve_sku, serial, "RECEIVED")
            unit = await self.client.get("serials", f"/serials/{self.valve_sku}/{serial}")
            if (unit["lot"], unit["expiry"]) != (LOT, "2035-12-31"):
                raise ExpectationFailedError(f"{serial} lacks the lot or expiry date of its label: {unit}")
            step.result = f"lot {LOT}, expiry {unit['expiry']} from the labels"

    async def receive_carton(self) -> None:
        """Receive a whole carton by its SSCC, which the product allows."""
        asn, sku = self.document_id("ASN", 42), f"SEAL-{self.run_id}"
        digits = f"0{self.run_id}00000001"
        sscc = f"{digits}{gs1_standard_check_digit(digits)}"
        serials = [self.document_id("SE", number) for number in range(1, 5)]
        async with self.report.step("Receive a carton of 4 seals by one scan of its SSCC") as step:
            seal = {"sku": sku, "name": "Seal kit", "serial_tracked": True, "receive_by_carton": True}
            await self.upstream.publish("erp.products", "product.defined.v1", seal)
            announced = {
                "receipt": asn, "warehouse": WAREHOUSE, "lines": [{"line": "1", "sku": sku, "quantity": len(serials)}],
                "cartons": [{"sscc": sscc, "content": [{"line": "1", "serials": serials}]}],
            }  # fmt: skip
            await self.upstream.publish("erp.asns", "asn.announced.v1", announced)
            await wait_until(f"receipt {asn}", lambda: self.client.get("receiving", f"/receipts/{asn}"))
            await self.scan_and_confirm(asn, [f"]C100{sscc}"])
            await self.wait_for_status(sku, serials[-1], "RECEIVED")
            step.result = f"4 units RECEIVED, inferred from {sscc}"

    async def scan_and_confirm(self, receipt: str, scans: list[str]) -> None:
        """Send what the scanner read, and confirm the session."""
        session = self.session_id(receipt)
        header = {"receipt": receipt, "session": session, "location": DOCK}
        await self.client.execute("receiving", "/scans", SCANNER_OPERATOR, **header, scans=scans)
        path = f"/receipts/{receipt}/sessions/{session}/confirm"
        await self.client.execute("receiving", path, SCANNER_OPERATOR)

    async def receive_by_file(self) -> None:
        """Receive opening stock by a CSV file, as a spreadsheet saves it."""
        number = self.document_id("STOCK", 1)
        async with self.report.step("Receive 2 valves by a CSV file of opening stock; a third row is wrong") as step:
            serials = [self.document_id("VA", index) for index in (4, 5)]
            rows = [
                f"{location};{self.valve_sku};{serial}" for location, serial in zip(SHELVES[10:], serials, strict=True)
            ]
            text = "\r\n".join(["Location;SKU;Serial No.", *rows, f"{DOCK};{self.valve_sku};1.2E+13", ""])
            await self.client.send_file("receiving", "/imports/opening-serials", SUPERVISOR, text, number)

            async def probe() -> dict[str, Any]:
                progress = await self.client.get("receiving", f"/imports/{number}")
                return progress if progress.get("status") == "DONE" else {}

            progress = await wait_until(f"import {number}", probe)
            if (progress["done_rows"], progress["failed_rows"]) != (2, 1):
                raise ExpectationFailedError(f"import {number}: {progress}")
            for serial in serials:
                await self.wait_for_status(self.valve_sku, serial, "RECEIVED")
            step.result = f"{serials[0]} and {serials[1]} RECEIVED; 1.2E+13 is no serial number"

    async def print_documents(self) -> None:
        """Write a label of a unit and the packing slip of a carton to a folder."""
        async with self.report.step("Print the label of a valve and the packing slip of a carton") as step:
            folder = STACK / "demo" / self.run_id
            folder.mkdir(parents=True, exist_ok=True)
            label = f"/serials/{self.valve_sku}/{self.document_id('VA', 1)}/label"
            slip = f"/cartons/{self.document_id('CT', 1)}/packing-slip"
            for service, path, name, options in (
                ("serials", label, "label.svg", {"format": "svg"}),
                ("serials", label, "label.pdf", {"format": "pdf"}),
                ("fulfillment", slip, "packing-slip.pdf", {}),
            ):
                (folder / name).write_bytes(await self.client.download(service, path, **options))
            step.result = f"label.svg, label.pdf, packing-slip.pdf in {folder.relative_to(PROJECT)}"
