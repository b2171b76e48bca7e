"""Recalls over all services: what a lot touched is found and held, its customers are called, and it adds up."""

import asyncio
import os
import re
import sys
from decimal import Decimal
from typing import NamedTuple

from deploy.local.files import PROJECT
from shared.contracts.commands.lots import AdjustLot, CloseRecall, MarkRecalled, OpenRecall, RecalledLot
from shared.contracts.commands.receiving import DisposeReturn, ReceiveReturn
from shared.contracts.commands.serials import Lift
from shared.contracts.counted import LotQuantity
from tests.flows import conservation
from tests.flows.goods import BINS, Goods, lot
from tests.flows.shop import CUSTOMER, DOCK, at
from tests.flows.waiting import eventually
from tests.flows.world import Json, World


class Scattered(NamedTuple):
    """Where the goods of a lot are that are not in stock."""

    shipment: str
    back: str
    boxed: str
    listed: str


async def scattered(world: World, goods: Goods) -> Scattered:
    """Twenty of L1: three shipped, of which one is back, two boxed, four to be picked, the others stored; and L2."""
    await goods.product()
    await goods.have(lot("L1", 20, 20), lot("L2", 30, 30))
    shipped = await goods.order(3)
    shipment = await goods.sent(shipped, 1)
    back = ReceiveReturn(
        return_id=goods.no("RMA"), order=shipped, customer="C-1", sku=goods.sku, location=DOCK, reason="dented",
        lots=[LotQuantity(lot="L1", quantity=Decimal(1))],
    )  # fmt: skip
    await world.do(back)
    boxed = await goods.boxed(await goods.order(2), 1)
    listed = await goods.order(4)
    await goods.listed(listed, {("L1", BINS[0]): 4})
    await goods.lies({("L1", BINS[0]): (15, 4), ("L1", DOCK): (1, 0), ("L2", BINS[1]): (30, 0)})
    return Scattered(shipment, back.return_id, boxed, listed)


async def known(world: World, recall: str) -> Json:
    """A recall, once every answer is in."""

    async def look() -> Json:
        found: Json = await world.read("lots", f"/recalls/{recall}")
        assert found["outstanding"] == 0, found
        return found

    return await eventually(look)


async def rows(world: World, recall: str, name: str) -> list[Json]:
    """A list of a recall."""
    items: list[Json] = (await world.read("lots", f"/recalls/{recall}/{name}"))["items"]
    return items


async def test_a_recall_from_the_notice_to_its_end(world: World, goods: Goods) -> None:
    """What a recalled lot touched is held, blocked and listed with whom to call; it reconciles, and closes when all of
    it is disposed of (S46)."""
    its = await scattered(world, goods)
    recall = goods.no("R")
    lots = [RecalledLot(sku=goods.sku, lot="L1")]
    await world.do(OpenRecall(recall=recall, lots=lots, reason="glass"), actor="sue")
    assert [it["sku"] for it in (await known(world, recall))["products"]] == [goods.sku]
    await goods.listed(its.listed, {("L2", BINS[1]): 4})
    assert await goods.kept(its.boxed) == {"held"}
    stock = {it["location"]: (it["on_hand"], it["held"]) for it in await rows(world, recall, "stock")}
    assert stock == {BINS[0]: (15, True), DOCK: (1, True)}
    (blocked,) = await rows(world, recall, "orders")
    assert (blocked["status"], blocked["quantity"], blocked["held"]) == ("PICKED", 2, True)
    (call,) = await rows(world, recall, "calls")
    assert (call["customer_name"], call["contact"]) == (CUSTOMER.name, CUSTOMER.contact)
    assert (call["shipment"], call["quantity"], call["returned"]) == (its.shipment, 3, 1)
    (sums,) = await rows(world, recall, "reconciliation")
    assert (sums["received"], sums["returned"], sums["shipped"], sums["difference"]) == (20, 1, 3, 0)
    await goods.arrived(lot("L1", 2, 20))  # what arrives later is recalled, too

    async def held_too() -> bool:
        found = {it["location"]: (it["on_hand"], it["held"]) for it in await rows(world, recall, "stock")}
        assert found == {BINS[0]: (15, True), DOCK: (3, True)}
        return True

    await eventually(held_too)
    await world.refused(CloseRecall(recall=recall, reason="done"), "recall_open", actor="sue")
    await end(world, goods, recall, its)
    await world.quiet()
    await conservation.hold(world, [goods.sku])


async def end(world: World, goods: Goods, recall: str, its: Scattered) -> None:
    """Scrap what is here, what came back and what lies in cartons, reach the customer, and close."""
    (blocked,) = await rows(world, recall, "orders")
    await world.do(DisposeReturn(return_id=its.back, disposition="SCRAP", reason="glass"), actor="sue")
    await goods.lies({("L1", BINS[0]): (15, 0), ("L1", DOCK): (2, 0), ("L2", BINS[1]): (30, 4)})
    await goods.unpicked(blocked["order"], "L1", 2, BINS[0])
    await goods.lies({("L1", BINS[0]): (17, 0), ("L1", DOCK): (2, 0), ("L2", BINS[1]): (30, 6)})
    for place, quantity in ((BINS[0], 17), (DOCK, 2)):
        scrapped = AdjustLot(
            sku=goods.sku, lot="L1", location=place, quantity=Decimal(quantity), adjustment="SCRAPPED", reason="glass"
        )
        await world.do(scrapped, actor="sue")
    mark = MarkRecalled(
        recall=recall, shipment=its.shipment, sku=goods.sku, item="L1", mark="DESTROYED", note="by phone"
    )
    await world.do(mark, actor="sue")
    await world.do(CloseRecall(recall=recall, reason="all gone"), actor="sue")
    assert (await world.read("lots", f"/recalls/{at(recall)}"))["closed_by"] == "sue"


async def exercised(world: World, recall: str, lot: str) -> tuple[int | None, str]:
    """A mock recall from the command line: how it ended, and what it said."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "shared.cli", "recall", recall, "--mock", "--actor", "sue", "--reason", "exercise",
        "--lot", lot, cwd=PROJECT, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        env={**os.environ, "LOTS_URL": world.services["lots"].url},
    )  # fmt: skip
    told = (await process.communicate())[0].decode()
    return process.returncode, told


async def test_a_mock_recall_from_the_command_line(world: World, goods: Goods) -> None:
    """`tracelot recall --mock` times an exercise over the running services, and holds nothing (S46)."""
    its = await scattered(world, goods)
    recall = goods.no("R")
    ended, told = await exercised(world, recall, f"{goods.sku}=L1")
    assert ended == 0, told
    assert re.search(r"Mock recall R-\S+: all known after \d+\.\d\d s", told)
    for said in (f"{BINS[0]}\t{goods.sku} L1\t15", f"{DOCK}\t{goods.sku} L1\t1", f"blocked   {its.listed}\t"):
        assert said in told, told
    assert f"call      C-1 {CUSTOMER.name} {CUSTOMER.contact}\t" in told
    assert "100.0 % of 21 is accounted for" in told
    await goods.listed(its.listed, {("L1", BINS[0]): 4})
    assert (await goods.dispatched(its.boxed))["status"] == "DISPATCHED"
    ended, told = await exercised(world, recall, f"{goods.sku}=L2")  # nobody takes the first for it
    assert (ended, "document_exists" in told, "L2" in told) == (1, True, False)


async def test_a_recall_races_a_receipt_of_its_lot(world: World, goods: Goods) -> None:
    """Whichever is heard first: what arrives of a recalled lot is held, no order gets it, and it is listed (S46)."""
    await goods.product()
    order = await goods.order(9)
    await goods.arrived(lot("L1", 1, 20))
    receipts = [await goods.announced([], quantity=1) for _ in range(4)]
    for receipt in receipts:
        await world.do(goods.scan_lots(receipt, lot("L1", 1, 20)))
    recall = goods.no("R")
    opened = OpenRecall(recall=recall, lots=[RecalledLot(sku=goods.sku, lot="L1")], reason="glass")
    await asyncio.gather(*map(goods.confirm, receipts[:2]), world.do(opened), *map(goods.confirm, receipts[2:]))
    await goods.lies({("L1", DOCK): (5, 0)})
    await known(world, recall)
    await goods.shelved("L1", 5, BINS[0])
    await world.quiet()
    await goods.listed(order, {})
    (row,) = await rows(world, recall, "stock")
    assert (row["location"], row["on_hand"], row["held"]) == (BINS[0], 5, True)
    await conservation.hold(world, [goods.sku])


async def test_a_recalled_unit_is_followed_to_its_customer(world: World, goods: Goods) -> None:
    """A product turns to serials while it is recalled: what comes is held; found good and sold, it is called (S46)."""
    await goods.product()
    recall, (serial,) = goods.no("R"), goods.serials(1)
    lots = [RecalledLot(sku=goods.sku, lot="L-1")]
    await world.do(OpenRecall(recall=recall, text=f"Unit {serial}", skus=[goods.sku], lots=lots, reason="leaks"))
    await known(world, recall)
    await goods.product_again(serial_tracked=True, lot_tracked=False)
    await goods.heard("lots.events", goods.sku, "recall.opened.v1", tracking="SERIAL")
    await known(world, recall)
    await goods.received([serial])

    async def held() -> bool:
        return [(it["item"], it["held"]) for it in await rows(world, recall, "stock")] == [(serial, True)]

    await eventually(held)
    await world.do(Lift(sku=goods.sku, hold=recall, reason="found good"), actor="sue")
    await goods.put_away([serial])
    order = await goods.order(1)
    await goods.shipped(order, await goods.allocated(order, 1))

    async def called() -> bool:
        calls = await rows(world, recall, "calls")
        return [(it["item"], it["customer_name"]) for it in calls] == [(serial, CUSTOMER.name)]

    await eventually(called)
    await world.refused(CloseRecall(recall=recall, reason="done"), "recall_open", actor="sue")
