"""Raw scans in commands on orders, read by product replica and pick lists in one statement."""

import json
from datetime import date
from decimal import Decimal
from typing import Any

from httpx import AsyncClient

from shared.contracts.commands.fulfillment import PackItems, PickItems, SwapUnit
from shared.contracts.fulfillment import AllocationRequested, OrderLotsPicked, OrderSerialsPicked
from shared.contracts.upstream import OrderLine
from tests.integration.fulfillment.harness import FulfillmentHarness, post
from tests.integration.fulfillment.lot_harness import LotHarness
from tests.support.gtins import new_gtin
from tests.support.harness import ProcessingResult
from tests.support.messages.reference import product_changed

EXPIRY = date(2031, 3, 31)


class Labels:
    """Labels of the products of a test."""

    def __init__(self, harness: FulfillmentHarness, lot_harness: LotHarness) -> None:
        self.harness, self.lot_harness = harness, lot_harness
        self.pump, self.milk = new_gtin().zfill(14), new_gtin()

    async def define(self) -> None:
        """Give a barcode to the serial-tracked product, and one for two of the lot-tracked product."""
        await self.harness.handle(
            product_changed(self.harness.sku, "SERIAL", version=2, barcodes=[{"code": self.pump.lstrip("0")}]),
            product_changed(self.lot_harness.sku, "LOT", version=2, barcodes=[{"code": self.milk, "quantity": 2}]),
        )

    def unit(self, serial: str) -> str:
        """Label of a unit."""
        return f"]d201{self.pump}21{serial}"

    def lot(self, lot: str, expiry: str = "310331") -> str:
        """Label of two of a lot."""
        return f"]C101{self.milk.zfill(14)}17{expiry}10{lot}"

    async def allocate(self, *order_names: str) -> None:
        """Place orders of two pumps and four of milk, and allocate them."""
        for name in order_names:
            line = OrderLine(line="2", sku=self.harness.sku, quantity=Decimal(2))
            await self.harness.handle(self.lot_harness.order_placed(name, 4, line))
            milk, pumps = self.harness.events_of(AllocationRequested)
            await self.harness.handle(
                self.lot_harness.lot_allocated(milk, ("L1", 2), ("L2", 2), expiry=EXPIRY),
                self.harness.serial_allocated(pumps, [f"{name}-1", f"{name}-2"]),
            )

    async def pick(self, *commands: tuple[str, list[str]]) -> ProcessingResult:
        """Pick by scans, in one transaction."""
        return await self.harness.handle(
            *(
                PickItems(order=self.harness.scoped_id(name), location="EAST/STAGE", scans=scans)
                for name, scans in commands
            )
        )


async def prepare(harness: FulfillmentHarness, lot_harness: LotHarness, *order_names: str) -> Labels:
    """Define the products and allocate orders."""
    labels = Labels(harness, lot_harness)
    await labels.define()
    await labels.allocate(*order_names)
    return labels


async def test_orders_are_picked_and_packed_by_scans(
    harness: FulfillmentHarness, lot_harness: LotHarness, http: AsyncClient
) -> None:
    """S15, S21, S23: a barcode in any spelling; serials and lots as text; the order's log keeps each scan verbatim."""
    labels = await prepare(harness, lot_harness, "SO-1")
    scans = [labels.unit("SO-1-1"), "SO-1-2", labels.lot("L1"), labels.lot("l2")]
    outcome = await labels.pick(("SO-1", scans))
    assert outcome.error_codes() == []
    (serials,) = harness.events_of(OrderSerialsPicked)
    (lots,) = harness.events_of(OrderLotsPicked)
    assert serials.serials == ["SO-1-1", "SO-1-2"]
    assert [(lot.lot, int(lot.quantity)) for lot in lots.lots] == [("L1", 2), ("L2", 2)]
    order, carton = harness.scoped_id("SO-1"), harness.scoped_id("C-1")
    packed = await post(http, "/packs", {"order": order, "carton": carton, "scans": scans})
    assert (packed.status_code, len(packed.json()["units"]), packed.json()["rejected"]) == (200, 2, [])
    entries = (await http.get(f"/orders/{order}/log")).json()["items"]
    logged: dict[str, list[str]] = {"PICKED": [], "PACKED": []}
    for entry in entries:
        if entry["action"] in logged:
            logged[entry["action"]] += entry["detail"]["scans"]
    assert {action: sorted(texts) for action, texts in logged.items()} == dict.fromkeys(logged, sorted(scans))


async def test_wrong_items_are_rejected_one_by_one(
    harness: FulfillmentHarness, lot_harness: LotHarness, http: AsyncClient
) -> None:
    """S16, S20, S28: of another order, by another date on the label, without serial; the others are picked."""
    labels = await prepare(harness, lot_harness, "SO-1", "SO-2")
    scans = [labels.unit("SO-2-1"), labels.lot("L1", "300101"), f"01{labels.pump}", labels.unit("SO-1-1"), "?!"]
    body = {"order": harness.scoped_id("SO-1"), "location": "EAST/STAGE", "scans": scans}
    picked = await post(http, "/picks", body)
    assert [unit["serial"] for unit in picked.json()["units"]] == ["SO-1-1"]
    rejected = {problem["code"]: problem for problem in picked.json()["rejected"]}
    assert set(rejected) == {"not_on_pick_list", "label_mismatch", "serials_required", "unknown_scan"}
    assert rejected["not_on_pick_list"]["suggested"] == ["SO-1-2"]
    assert harness.scoped_id("SO-2") in rejected["not_on_pick_list"]["detail"]
    assert rejected["label_mismatch"]["suggested"] == ["L2"]
    rows = await harness.fetch_all("SELECT raw FROM rejection WHERE document = :order", order=harness.scoped_id("SO-1"))
    assert [_as_json(row["raw"])["scans"] for row in rows] == [scans]


def _as_json(value: Any) -> Any:
    return json.loads(value) if isinstance(value, str) else value


async def test_scans_need_one_more_statement(harness: FulfillmentHarness, lot_harness: LotHarness) -> None:
    """S19: typed items need as many statements as before, scans of any number one more."""
    labels = await prepare(harness, lot_harness, "SO-1", "SO-2", "SO-3", "SO-4")
    typed = await harness.handle(
        PickItems(
            order=harness.scoped_id("SO-1"), location="EAST/STAGE", units=harness.scanned_units("SO-1-1"),
            stock=lot_harness.lot_selectors(("L1", 2)),
        )
    )  # fmt: skip
    one = await labels.pick(("SO-2", [labels.unit("SO-2-1"), labels.lot("L1")]))
    many = await labels.pick(
        *(
            (name, [labels.unit(f"{name}-1"), f"{name}-2", labels.lot("L1"), labels.lot("L2")])
            for name in ("SO-3", "SO-4")
        )
    )
    assert (typed.error_codes(), one.error_codes(), many.error_codes()) == ([], [], [])
    assert one.statement_count == many.statement_count == typed.statement_count + 1
    packs = [
        PackItems(order=harness.scoped_id(name), carton=harness.scoped_id(f"C-{name}"), scans=[f"{name}-1"])
        for name in ("SO-2", "SO-3")
    ]
    counts = {(await harness.handle(command)).statement_count for command in packs}
    typed_pack = await harness.handle(harness.pack_command("SO-1", "C-1", "SO-1-1"))
    assert counts == {typed_pack.statement_count + 1}


async def test_a_unit_is_swapped_by_two_scans(harness: FulfillmentHarness, lot_harness: LotHarness) -> None:
    """S12: the unit of the order is replaced by the other one."""
    labels = await prepare(harness, lot_harness, "SO-1")
    scans = [labels.unit("NEW"), labels.unit("SO-1-2")]
    await harness.handle(SwapUnit(order=harness.scoped_id("SO-1"), reason="scratched", scans=scans))
    (request,) = harness.events_of(AllocationRequested)
    assert request.serials == ["NEW"]
