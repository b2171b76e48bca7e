"""Scenario of lot-tracked stock: one test's own product, lots and orders."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

from shared.contracts.commands.fulfillment import (
    DispatchShipment,
    LotSelector,
    PackItems,
    PickItems,
    UnitSelector,
    UnpickItems,
)
from shared.contracts.commands.lot_corrections import CorrectLotDates
from shared.contracts.commands.lots import PlaceLotHold, PutAwayLot
from shared.contracts.commands.receiving import ScanItems, ScannedLot
from shared.contracts.upstream import OrderLine
from shared.inventory.expiry import today
from tests.e2e.serial_scenario import CUSTOMER, DOCK, STAGE, WAREHOUSE, SerialScenario, quote_path
from tests.e2e.system import JsonObject
from tests.support.polling import wait_until

STORAGE_LOCATIONS = tuple(f"{WAREHOUSE}/B-{number:02}" for number in range(1, 6))
"""Storage locations in pick sequence; each holds one lot of a product."""
LocationBalances = Mapping[tuple[str, str], tuple[float, float]]
"""On-hand and allocated quantity by lot and location."""


def day_from_now(days: int) -> date:
    """Return a date relative to today in the warehouse's time zone."""
    return today(datetime.now(UTC), "Europe/Berlin") + timedelta(days)


def scanned_lot(lot_number: str, quantity: float, days: int | None = None, **overrides: Any) -> ScannedLot:
    """Return a lot scan with a quantity and an expiry date relative to today."""
    values: JsonObject = {
        "lot": lot_number,
        "quantity": str(quantity),
        "expiry": None if days is None else day_from_now(days),
        **overrides,
    }
    return ScannedLot.model_validate(values)


class LotScenario(SerialScenario):
    """A scenario whose products are lot-tracked by default."""

    async def define_product(self, sku: str = "", **values: Any) -> str:
        """Define a product, lot-tracked by default; wait until all services know it."""
        sku = await super().define_product(sku, **({"lot_tracked": True} | values))

        async def is_known() -> bool:
            for service in ("serials", "lots", "fulfillment"):
                assert await self.system.fetch_rows(service, "SELECT 1 FROM product WHERE sku = $1", sku), service
            return True

        await wait_until(is_known)
        return sku

    # Receiving

    def scan_lots_command(self, receipt: str, *lots: ScannedLot, sku: str = "") -> ScanItems:
        """Return a scan of lots at the dock."""
        session = f"S-{receipt}"
        return ScanItems(receipt=receipt, session=session, sku=sku or self.sku, location=DOCK, lots=list(lots))

    async def receive_lots(self, *lots: ScannedLot, sku: str = "") -> str:
        """Announce, scan and confirm lots at the dock; return the receipt."""
        receipt = await self.announce_asn([], quantity=sum(lot.quantity or 0 for lot in lots), sku=sku)  # type: ignore[arg-type]
        await self.system.execute(self.scan_lots_command(receipt, *lots, sku=sku))
        await self.confirm_session(receipt)
        return receipt

    async def put_away_lot(self, lot_number: str, quantity: float, location: str, *, sku: str = "") -> None:
        """Put away a quantity of a lot from the dock."""
        await self.system.execute(
            PutAwayLot(
                sku=sku or self.sku,
                lot=lot_number,
                quantity=Decimal(str(quantity)),
                from_location=DOCK,
                location=location,
            ),
            actor="ben",
        )

    async def stock_lots(
        self, *lots: ScannedLot, sku: str = "", locations: tuple[str, ...] = STORAGE_LOCATIONS
    ) -> None:
        """Receive lots and put each away at its own location."""
        await self.receive_lots(*lots, sku=sku)
        for lot, location in zip(lots, locations, strict=False):
            await self.put_away_lot(lot.lot, float(lot.quantity or 0), location, sku=sku)

    # State

    async def location_balances(self, sku: str = "") -> LocationBalances:
        """Return the balances of a product from the lots database."""
        rows = await self.system.fetch_rows(
            "lots", "SELECT * FROM balance WHERE sku = $1 AND on_hand > 0", sku or self.sku
        )
        return {(row["lot"], row["location"]): (float(row["on_hand"]), float(row["allocated"])) for row in rows}

    async def wait_for_balances(self, expected: LocationBalances, sku: str = "") -> None:
        """Wait until the balances equal the expected ones."""

        async def balances_match() -> bool:
            assert await self.location_balances(sku) == expected
            return True

        await wait_until(balances_match)

    async def assert_pick_list(self, order: str, expected: Mapping[tuple[str, str], float]) -> None:
        """Wait until an order's pick list equals the expected lots and locations."""

        async def pick_list_matches() -> bool:
            items = (await self.system.get_json("fulfillment", f"/orders/{quote_path(order)}/picks"))["items"]
            assert {(item["lot"], item["location"]): item["quantity"] for item in items} == expected, items
            return True

        await wait_until(pick_list_matches)

    async def wait_for_expiry(self, order: str, identifier: str, days: int) -> None:
        """Wait until an order shows the new expiry of its lot or unit."""

        async def expiry_matches() -> bool:
            order_body = await self.system.get_json("fulfillment", f"/orders/{quote_path(order)}")
            items = [*order_body["stock"], *order_body["units"]]
            assert {item["expiry"] for item in items if identifier in (item.get("lot"), item.get("serial"))} == {
                str(day_from_now(days))
            }
            return True

        await wait_until(expiry_matches)

    # Operations

    async def correct_expiry(self, lot_number: str, days: int | None) -> None:
        """Correct the expiry of a lot to a date relative to today, possibly in the past."""
        expiry = None if days is None else day_from_now(days)
        await self.system.execute(
            CorrectLotDates(sku=self.sku, lot=lot_number, expiry=expiry, reason="label misread"), actor="sue"
        )

    async def place_lot_hold(self, lot_number: str, location: str | None = None) -> str:
        """Place a hold on a lot and return its id."""
        hold_id = self.new_id("H")
        command = PlaceLotHold(
            sku=self.sku,
            lot=lot_number,
            location=location,
            hold_id=hold_id,
            owner_role="quality",
            reason="contaminated",
        )
        await self.system.execute(command, actor="sue")
        return hold_id

    def lot_selector(self, lot_number: str, quantity: float, *, sku: str = "", **overrides: Any) -> LotSelector:
        """Return a quantity of a lot as scanned at picking and packing."""
        return LotSelector(sku=sku or self.sku, lot=lot_number, quantity=Decimal(str(quantity)), **overrides)

    async def place_order_lines(self, *lines: OrderLine, **values: Any) -> str:
        """Place an order with these lines and return its number."""
        values = {"order": self.new_id("SO"), "lines": list(lines), **values}
        order = self.order_command(1).model_copy(update={"customer": CUSTOMER, **values})
        await self.system.publish(order)
        return order.order

    async def pick_all(self, order: str, count: int) -> tuple[list[UnitSelector], list[LotSelector]]:
        """Pick everything on the pick list once it has this many items; return the items."""
        items = await self.wait_for_picks(order, count)
        units = [UnitSelector(sku=item["sku"], serial=item["serial"]) for item in items if item["serial"]]
        stock = [
            self.lot_selector(item["lot"], item["quantity"], sku=item["sku"], location=item["location"])
            for item in items
            if item["serial"] is None
        ]
        await self.system.execute(PickItems(order=order, units=units, stock=stock, location=STAGE), actor="pat")
        return units, [selector.model_copy(update={"location": None}) for selector in stock]

    async def unpick_lot(self, order: str, lot_number: str, quantity: float, location: str) -> None:
        """Return a picked quantity to storage and request a replacement."""
        unpick = UnpickItems(
            order=order, stock=[self.lot_selector(lot_number, quantity)], location=location, reason="on hold or expired"
        )
        await self.system.execute(unpick, actor="pat")

    async def pack_all(self, order: str, count: int) -> str:
        """Pick and pack everything on the pick list; return the new shipment."""
        units, stock = await self.pick_all(order, count)
        carton = self.new_id("CT")
        await self.system.execute(PackItems(order=order, carton=carton, units=units, stock=stock), actor="pat")
        return await self.create_shipment(carton)

    async def ship_all(self, order: str, count: int) -> str:
        """Ship everything on the pick list; return the shipment once all services know it."""
        shipment = await self.pack_all(order, count)
        outcome = await self.dispatch(shipment)
        assert outcome["status"] == "DISPATCHED", outcome
        await self.system.wait_until_quiescent()
        return shipment

    async def assert_dispatch_rejected(self, shipment: str) -> set[str]:
        """Assert that a dispatch is rejected, at once or by the check; return the codes."""
        response = await self.system.execute_command(DispatchShipment(shipment=shipment), actor="dee")
        if response.is_client_error:
            return {problem["code"] for problem in response.json()["violations"]}
        outcome = await self.wait_for_outcome(response.headers["Location"])
        assert outcome["status"] == "REJECTED", outcome
        return {reason["code"] for reason in outcome["reasons"]}
