"""What people and systems do in the story: scan, put away, order, pick, pack, send, and look whether it came about."""

from dataclasses import dataclass
from typing import Any

from deploy.demo.floor import Floor, UnmetError, until
from deploy.demo.outside import Outside
from deploy.demo.sheet import Sheet

WAREHOUSE = "EAST"
DOCK, STAGE = f"{WAREHOUSE}/DOCK-1", f"{WAREHOUSE}/PACK-1"
SHELVES = [f"{WAREHOUSE}/A-01-{n:02}" for n in range(1, 13)]
ANNA, BEN, SUE = "anna.scanner-3", "ben.forklift", "sue.supervisor"


@dataclass
class Hands:
    """One play of the story; `run` keeps its products, documents and serials apart from those of earlier plays."""

    outside: Outside
    floor: Floor
    sheet: Sheet
    run: str

    def no(self, kind: str, number: int) -> str:
        """A document's or serial's number of this play."""
        return f"{kind}-{self.run}-{number:02}"

    def session(self, receipt: str) -> str:
        """One session of scans a receipt."""
        return f"S-{receipt}"

    def scan_body(self, receipt: str, sku: str, serials: list[str]) -> dict[str, Any]:
        """A scan of some units at the dock."""
        return {"receipt": receipt, "session": self.session(receipt), "sku": sku, "location": DOCK, "serials": serials}

    async def scan(self, receipt: str, sku: str, serials: list[str]) -> None:
        """Scan units that must all be accepted."""
        await self.floor.do("receiving", "/scans", ANNA, **self.scan_body(receipt, sku, serials))

    async def put(self, sku: str, serial: str, location: str) -> None:
        """Put one unit away."""
        await self.floor.do("serials", "/putaways", BEN, sku=sku, serials=[serial], location=location)

    def customer(self, number: int) -> dict[str, str]:
        """Who an order is for: each has a customer of its own."""
        return {
            "id": f"C-{number}",
            "name": f"Clinic {number}",
            "ship_to": f"{number} Harbour Street",
            "contact": "+49 40 1",
        }

    async def order(self, number: int, sku: str, quantity: int) -> None:
        """OMS places one order."""
        line = {"line": "10", "sku": sku, "quantity": quantity}
        placed = {"order": self.no("SO", number), "warehouse": WAREHOUSE, "customer": self.customer(number)}
        await self.outside.say("oms.orders", "order.placed.v1", placed | {"lines": [line]})

    async def allocated(self, number: int, quantity: int) -> list[str]:
        """Wait until an order has that many units to pick; their serials."""
        order = self.no("SO", number)

        async def look() -> list[str]:
            picks = await self.floor.get("fulfillment", f"/orders/{order}/picks")
            serials = [row["serial"] for row in picks.get("items", [])]
            return serials if len(serials) == quantity else []

        found: list[str] = await until(f"{quantity} units to pick for {order}", look)
        return found

    async def pick(self, number: int, sku: str, serials: list[str]) -> None:
        """Pick units of an order to the packing stage."""
        units = [{"sku": sku, "serial": serial} for serial in serials]
        await self.floor.do("fulfillment", "/picks", ANNA, order=self.no("SO", number), units=units, location=STAGE)

    async def pack(self, number: int, sku: str, serials: list[str], carton: str) -> None:
        """Lay picked units into a carton."""
        units = [{"sku": sku, "serial": serial} for serial in serials]
        await self.floor.do("fulfillment", "/packs", ANNA, order=self.no("SO", number), carton=carton, units=units)

    async def create_shipment(self, number: int) -> None:
        """A shipment of one carton."""
        shipment = {"shipment": self.no("SH", number), "cartons": [self.no("CT", number)], "carrier": "DHL"}
        await self.floor.do("fulfillment", "/shipments", ANNA, **shipment)

    async def dispatch(self, shipment: str) -> dict[str, Any]:
        """Ask for a shipment to leave, and wait for the outcome; a hold that is known already refuses at once."""
        started = await self.floor.post("fulfillment", f"/shipments/{shipment}/dispatch", SUE, {})
        if started.is_error and started.json().get("code") == "held":
            return {**started.json(), "status": "REFUSED"}
        if started.is_error:
            raise UnmetError(f"dispatch of {shipment}: {started.text}")
        address = started.headers["Location"]

        async def look() -> dict[str, Any]:
            outcome = await self.floor.get("fulfillment", address)
            return outcome if outcome.get("status") in {"DISPATCHED", "REFUSED"} else {}

        outcome: dict[str, Any] = await until(f"the outcome of {address}", look)
        return outcome

    async def ship(self, number: int) -> None:
        """One carton, one shipment, dispatched."""
        await self.create_shipment(number)
        outcome = await self.dispatch(self.no("SH", number))
        if outcome["status"] != "DISPATCHED":
            raise UnmetError(f"not dispatched: {outcome}")

    async def status(self, sku: str, serial: str, status: str, *, held: bool | None = None) -> None:
        """Wait until the registry says so."""

        async def look() -> bool:
            unit = await self.floor.get("serials", f"/serials/{sku}/{serial}")
            return unit.get("status") == status and (held is None or bool(unit["held"]) is held)

        await until(f"{serial} {status}", look)
