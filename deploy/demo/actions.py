"""Actions of warehouse staff and upstream systems: scan, put away, order, pick, pack, ship, and wait for results."""

from dataclasses import dataclass
from typing import Any

from biip.checksums import gs1_standard_check_digit

from deploy.demo.client import (
    FORKLIFT_DRIVER,
    SCANNER_OPERATOR,
    SUPERVISOR,
    ExpectationFailedError,
    HttpClient,
    wait_until,
)
from deploy.demo.report import StepReport
from deploy.demo.upstream import UpstreamProducer

WAREHOUSE = "EAST"
DOCK, PACKING_STATION = f"{WAREHOUSE}/DOCK-1", f"{WAREHOUSE}/PACK-1"
SHELVES = [f"{WAREHOUSE}/A-01-{n:02}" for n in range(1, 13)]


@dataclass
class WarehouseActions:
    """Actions of one run; `run_id` makes its products, documents and serials unique among runs."""

    upstream: UpstreamProducer
    client: HttpClient
    report: StepReport
    run_id: str

    def document_id(self, kind: str, number: int) -> str:
        """Return a document or serial number of this run."""
        return f"{kind}-{self.run_id}-{number:02}"

    def session_id(self, receipt: str) -> str:
        """Return the scan session of a receipt; each receipt has one."""
        return f"S-{receipt}"

    def scan_request(self, receipt: str, sku: str, serials: list[str]) -> dict[str, Any]:
        """Return the body of a serial scan at the dock."""
        return {
            "receipt": receipt,
            "session": self.session_id(receipt),
            "sku": sku,
            "location": DOCK,
            "serials": serials,
        }

    @property
    def gtin(self) -> str:
        """Return a GTIN-13 of this run."""
        digits = f"4{self.run_id}001"
        return f"{digits}{gs1_standard_check_digit(digits)}"

    async def scan_labels(self, receipt: str, serials: list[str]) -> None:
        """Scan GS1 labels with the GTIN of this run, as the scanner sends them; all must be accepted."""
        labels = [f"]d201{self.gtin.zfill(14)}21{serial}" for serial in serials]
        body = {"receipt": receipt, "session": self.session_id(receipt), "location": DOCK, "scans": labels}
        await self.client.execute("receiving", "/scans", SCANNER_OPERATOR, **body)

    async def scan(self, receipt: str, sku: str, serials: list[str]) -> None:
        """Scan serials; all must be accepted."""
        await self.client.execute("receiving", "/scans", SCANNER_OPERATOR, **self.scan_request(receipt, sku, serials))

    async def put_away(self, sku: str, serial: str, location: str) -> None:
        """Put one unit away."""
        await self.client.execute("serials", "/putaways", FORKLIFT_DRIVER, sku=sku, serials=[serial], location=location)

    def customer(self, number: int) -> dict[str, str]:
        """Return the customer of an order; each order has its own."""
        return {
            "id": f"C-{number}",
            "name": f"Clinic {number}",
            "ship_to": f"{number} Harbour Street",
            "contact": "+49 40 1",
        }

    async def place_order(self, number: int, sku: str, quantity: int) -> None:
        """Place an order of one line, as OMS does."""
        line = {"line": "10", "sku": sku, "quantity": quantity}
        order = {"order": self.document_id("SO", number), "warehouse": WAREHOUSE, "customer": self.customer(number)}
        await self.upstream.publish("oms.orders", "order.placed.v1", order | {"lines": [line]})

    async def wait_for_allocation(self, number: int, quantity: int) -> list[str]:
        """Wait until the pick list of an order has `quantity` units; return their serials."""
        order = self.document_id("SO", number)

        async def probe() -> list[str]:
            picks = await self.client.get("fulfillment", f"/orders/{order}/picks")
            serials = [row["serial"] for row in picks.get("items", [])]
            return serials if len(serials) == quantity else []

        allocated: list[str] = await wait_until(f"pick list of {order} with {quantity} units", probe)
        return allocated

    async def pick(self, number: int, sku: str, serials: list[str]) -> None:
        """Pick units of an order to the packing station."""
        units = [{"sku": sku, "serial": serial} for serial in serials]
        await self.client.execute(
            "fulfillment",
            "/picks",
            SCANNER_OPERATOR,
            order=self.document_id("SO", number),
            units=units,
            location=PACKING_STATION,
        )

    async def pack(self, number: int, sku: str, serials: list[str], carton: str) -> None:
        """Pack picked units into a carton."""
        units = [{"sku": sku, "serial": serial} for serial in serials]
        await self.client.execute(
            "fulfillment", "/packs", SCANNER_OPERATOR, order=self.document_id("SO", number), carton=carton, units=units
        )

    async def create_shipment(self, number: int) -> None:
        """Create a shipment of one carton."""
        shipment = {
            "shipment": self.document_id("SH", number),
            "cartons": [self.document_id("CT", number)],
            "carrier": "DHL",
        }
        await self.client.execute("fulfillment", "/shipments", SCANNER_OPERATOR, **shipment)

    async def dispatch(self, shipment: str) -> dict[str, Any]:
        """Request the dispatch of a shipment and wait for the outcome; a known hold rejects it at once."""
        response = await self.client.post("fulfillment", f"/shipments/{shipment}/dispatch", SUPERVISOR, {})
        if response.is_error and response.json().get("code") == "on_hold":
            return {**response.json(), "status": "REJECTED"}
        if response.is_error:
            raise ExpectationFailedError(f"dispatch of {shipment}: {response.text}")
        path = response.headers["Location"]

        async def probe() -> dict[str, Any]:
            outcome = await self.client.get("fulfillment", path)
            return outcome if outcome.get("status") in {"DISPATCHED", "REJECTED"} else {}

        outcome: dict[str, Any] = await wait_until(f"outcome of {path}", probe)
        return outcome

    async def ship(self, number: int) -> None:
        """Create and dispatch a shipment of one carton."""
        await self.create_shipment(number)
        outcome = await self.dispatch(self.document_id("SH", number))
        if outcome["status"] != "DISPATCHED":
            raise ExpectationFailedError(f"shipment not dispatched: {outcome}")

    async def wait_for_status(self, sku: str, serial: str, status: str, *, on_hold: bool | None = None) -> None:
        """Wait until the serials service reports the status."""

        async def probe() -> bool:
            unit = await self.client.get("serials", f"/serials/{sku}/{serial}")
            return unit.get("status") == status and (on_hold is None or bool(unit["on_hold"]) is on_hold)

        await wait_until(f"status {status} of {serial}", probe)
