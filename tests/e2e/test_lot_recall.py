"""Recalls in all services: affected stock is found and held, customers are listed, quantities reconcile."""

import asyncio
import os
import re
import sys
from decimal import Decimal
from typing import NamedTuple

from deploy.local.files import PROJECT
from shared.contracts.commands.lots import AdjustLot, CloseRecall, OpenRecall, RecordCustomerContact
from shared.contracts.commands.recalled_items import RecalledLot
from shared.contracts.commands.receiving import DisposeReturn, ReceiveReturn
from shared.contracts.commands.serials import ReleaseSerialHold
from shared.contracts.quantities import LotQuantity
from tests.e2e import conservation
from tests.e2e.lot_scenario import STORAGE_LOCATIONS, LotScenario, scanned_lot
from tests.e2e.serial_scenario import CUSTOMER, DOCK, quote_path
from tests.e2e.system import JsonObject, SystemUnderTest
from tests.support.auth import token_of
from tests.support.polling import wait_until


class LotWhereabouts(NamedTuple):
    """Documents of a lot's quantities that are not in storage."""

    shipment: str
    return_id: str
    packed_shipment: str
    listed_order: str


async def scatter_lot(system: SystemUnderTest, lot_scenario: LotScenario) -> LotWhereabouts:
    """Distribute twenty of L1: three shipped, one returned, two packed, four allocated, the rest stored."""
    await lot_scenario.define_product()
    await lot_scenario.stock_lots(scanned_lot("L1", 20, 20), scanned_lot("L2", 30, 30))
    shipped_order = await lot_scenario.place_order(3)
    shipment = await lot_scenario.ship_all(shipped_order, 1)
    return_command = ReceiveReturn(
        return_id=lot_scenario.new_id("RMA"),
        order=shipped_order,
        customer="C-1",
        sku=lot_scenario.sku,
        location=DOCK,
        reason="dented",
        lots=[LotQuantity(lot="L1", quantity=Decimal(1))],
    )
    await system.execute(return_command)
    packed_shipment = await lot_scenario.pack_all(await lot_scenario.place_order(2), 1)
    listed_order = await lot_scenario.place_order(4)
    await lot_scenario.assert_pick_list(listed_order, {("L1", STORAGE_LOCATIONS[0]): 4})
    await lot_scenario.wait_for_balances(
        {("L1", STORAGE_LOCATIONS[0]): (15, 4), ("L1", DOCK): (1, 0), ("L2", STORAGE_LOCATIONS[1]): (30, 0)}
    )
    return LotWhereabouts(shipment, return_command.return_id, packed_shipment, listed_order)


async def wait_for_recall(system: SystemUnderTest, recall: str) -> JsonObject:
    """Return a recall once all services have answered."""

    async def complete_recall() -> JsonObject:
        recall_body: JsonObject = await system.get_json("lots", f"/recalls/{recall}")
        assert recall_body["outstanding"] == 0, recall_body
        return recall_body

    return await wait_until(complete_recall)


async def recall_rows(system: SystemUnderTest, recall: str, name: str) -> list[JsonObject]:
    """Return a list of a recall."""
    items: list[JsonObject] = (await system.get_json("lots", f"/recalls/{recall}/{name}"))["items"]
    return items


async def test_recall_from_notice_to_closing(system: SystemUnderTest, lot_scenario: LotScenario) -> None:
    """A recalled lot is held, blocked, listed with its customers and reconciled.

    The recall closes when all of its stock is disposed of (S46).
    """
    whereabouts = await scatter_lot(system, lot_scenario)
    recall = lot_scenario.new_id("R")
    lots = [RecalledLot(sku=lot_scenario.sku, lot="L1")]
    await system.execute(OpenRecall(recall=recall, lots=lots, reason="glass"), actor="sue")
    assert [item["sku"] for item in (await wait_for_recall(system, recall))["products"]] == [lot_scenario.sku]
    await lot_scenario.assert_pick_list(whereabouts.listed_order, {("L2", STORAGE_LOCATIONS[1]): 4})
    assert await lot_scenario.assert_dispatch_rejected(whereabouts.packed_shipment) == {"on_hold"}
    stock = {
        item["location"]: (item["on_hand"], item["on_hold"]) for item in await recall_rows(system, recall, "stock")
    }
    assert stock == {STORAGE_LOCATIONS[0]: (15, True), DOCK: (1, True)}
    (blocked,) = await recall_rows(system, recall, "orders")
    assert (blocked["status"], blocked["quantity"], blocked["on_hold"]) == ("PICKED", 2, True)
    (contact,) = await recall_rows(system, recall, "contacts")
    assert (contact["customer_name"], contact["contact"]) == (CUSTOMER.name, CUSTOMER.contact)
    assert (contact["shipment"], contact["quantity"], contact["returned"]) == (whereabouts.shipment, 3, 1)
    (reconciliation,) = await recall_rows(system, recall, "reconciliation")
    assert (
        reconciliation["received"],
        reconciliation["returned"],
        reconciliation["shipped"],
        reconciliation["difference"],
    ) == (20, 1, 3, 0)
    await lot_scenario.receive_lots(scanned_lot("L1", 2, 20))  # later receipts are also recalled

    async def later_receipt_is_held() -> bool:
        stock_rows = {
            item["location"]: (item["on_hand"], item["on_hold"]) for item in await recall_rows(system, recall, "stock")
        }
        assert stock_rows == {STORAGE_LOCATIONS[0]: (15, True), DOCK: (3, True)}
        return True

    await wait_until(later_receipt_is_held)
    await system.assert_rejected(CloseRecall(recall=recall, reason="done"), "recall_open", actor="sue")
    await close_recall(system, lot_scenario, recall, whereabouts)
    await system.wait_until_quiescent()
    await conservation.assert_conservation(system, [lot_scenario.sku])


async def close_recall(
    system: SystemUnderTest, lot_scenario: LotScenario, recall: str, whereabouts: LotWhereabouts
) -> None:
    """Scrap stored, returned and packed stock, record the customer contact and close the recall."""
    (blocked,) = await recall_rows(system, recall, "orders")
    await system.execute(
        DisposeReturn(return_id=whereabouts.return_id, disposition="SCRAP", reason="glass"), actor="sue"
    )
    await lot_scenario.wait_for_balances(
        {("L1", STORAGE_LOCATIONS[0]): (15, 0), ("L1", DOCK): (2, 0), ("L2", STORAGE_LOCATIONS[1]): (30, 4)}
    )
    await lot_scenario.unpick_lot(blocked["order"], "L1", 2, STORAGE_LOCATIONS[0])
    await lot_scenario.wait_for_balances(
        {("L1", STORAGE_LOCATIONS[0]): (17, 0), ("L1", DOCK): (2, 0), ("L2", STORAGE_LOCATIONS[1]): (30, 6)}
    )
    for location, quantity in ((STORAGE_LOCATIONS[0], 17), (DOCK, 2)):
        scrapped = AdjustLot(
            sku=lot_scenario.sku,
            lot="L1",
            location=location,
            quantity=Decimal(quantity),
            adjustment="SCRAPPED",
            reason="glass",
        )
        await system.execute(scrapped, actor="sue")
    (contact,) = await recall_rows(system, recall, "contacts")
    contact_command = RecordCustomerContact(
        recall=recall,
        customer=contact["customer"],
        order=contact["order"],
        shipment=whereabouts.shipment,
        sku=lot_scenario.sku,
        lot_or_serial="L1",
        outcome="DESTROYED",
        note="by phone",
    )
    await system.execute(contact_command, actor="sue")
    await system.execute(CloseRecall(recall=recall, reason="completed"), actor="sue")
    assert (await system.get_json("lots", f"/recalls/{quote_path(recall)}"))["closed_by"] == "sue"


async def run_mock_recall(system: SystemUnderTest, recall: str, lot: str) -> tuple[int | None, str]:
    """Run a mock recall from the command line; return the exit code and output."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-m", "shared.cli", "lots", "recall", recall, "--mock", "--token", token_of("sue"),
        "--reason", "exercise", "--lot", lot,
        cwd=PROJECT, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
        env={**os.environ, "LOTS_URL": system.services["lots"].url},
    )  # fmt: skip
    output = (await process.communicate())[0].decode()
    return process.returncode, output


async def test_mock_recall_from_the_command_line(system: SystemUnderTest, lot_scenario: LotScenario) -> None:
    """`tracelot lots recall --mock` runs a timed exercise on the running services and places no hold (S46)."""
    whereabouts = await scatter_lot(system, lot_scenario)
    recall = lot_scenario.new_id("R")
    exit_code, output = await run_mock_recall(system, recall, f"{lot_scenario.sku}=L1")
    assert exit_code == 0, output
    assert re.search(r"Mock recall R-\S+: complete after \d+\.\d\d s", output)
    for expected in (
        f"{STORAGE_LOCATIONS[0]}\t{lot_scenario.sku} L1\t15",
        f"{DOCK}\t{lot_scenario.sku} L1\t1",
        f"blocked   {whereabouts.listed_order}\t",
    ):
        assert expected in output, output
    assert f"contact   C-1 {CUSTOMER.name} {CUSTOMER.contact}\t" in output
    assert "100.0 % of 21 accounted for" in output
    await lot_scenario.assert_pick_list(whereabouts.listed_order, {("L1", STORAGE_LOCATIONS[0]): 4})
    assert (await lot_scenario.dispatch(whereabouts.packed_shipment))["status"] == "DISPATCHED"
    exit_code, output = await run_mock_recall(system, recall, f"{lot_scenario.sku}=L2")  # not mistaken for the first
    assert (exit_code, "document_exists" in output, "L2" in output) == (1, True, False)


async def test_recall_races_receipt_of_its_lot(system: SystemUnderTest, lot_scenario: LotScenario) -> None:
    """A recalled lot that arrives before or after the recall is held and listed (S46)."""
    await lot_scenario.define_product()
    order = await lot_scenario.place_order(9)
    await lot_scenario.receive_lots(scanned_lot("L1", 1, 20))
    receipts = [await lot_scenario.announce_asn([], quantity=1) for _ in range(4)]
    for receipt in receipts:
        await system.execute(lot_scenario.scan_lots_command(receipt, scanned_lot("L1", 1, 20)))
    recall = lot_scenario.new_id("R")
    command = OpenRecall(recall=recall, lots=[RecalledLot(sku=lot_scenario.sku, lot="L1")], reason="glass")
    await asyncio.gather(
        *map(lot_scenario.confirm_session, receipts[:2]),
        system.execute(command),
        *map(lot_scenario.confirm_session, receipts[2:]),
    )
    await lot_scenario.wait_for_balances({("L1", DOCK): (5, 0)})
    await wait_for_recall(system, recall)
    await lot_scenario.put_away_lot("L1", 5, STORAGE_LOCATIONS[0])
    await system.wait_until_quiescent()
    await lot_scenario.assert_pick_list(order, {})
    (row,) = await recall_rows(system, recall, "stock")
    assert (row["location"], row["on_hand"], row["on_hold"]) == (STORAGE_LOCATIONS[0], 5, True)
    await conservation.assert_conservation(system, [lot_scenario.sku])


async def test_recalled_unit_is_traced_to_its_customer(system: SystemUnderTest, lot_scenario: LotScenario) -> None:
    """A recall survives a change to serial tracking: units are held, and a sold one is listed (S46)."""
    await lot_scenario.define_product()
    recall, (serial,) = lot_scenario.new_id("R"), lot_scenario.new_serials(1)
    lots = [RecalledLot(sku=lot_scenario.sku, lot="L-1")]
    await system.execute(
        OpenRecall(recall=recall, text=f"Unit {serial}", skus=[lot_scenario.sku], lots=lots, reason="leaks")
    )
    await wait_for_recall(system, recall)
    await lot_scenario.redefine_product(serial_tracked=True, lot_tracked=False)
    await lot_scenario.wait_for_event("lots.events", lot_scenario.sku, "recall.opened.v1", tracking="SERIAL")
    await wait_for_recall(system, recall)
    await lot_scenario.receive([serial])

    async def is_held() -> bool:
        return [(item["lot_or_serial"], item["on_hold"]) for item in await recall_rows(system, recall, "stock")] == [
            (serial, True)
        ]

    await wait_until(is_held)
    await system.execute(ReleaseSerialHold(sku=lot_scenario.sku, hold_id=recall, reason="inspected"), actor="sue")
    await lot_scenario.put_away([serial])
    order = await lot_scenario.place_order(1)
    await lot_scenario.ship(order, await lot_scenario.wait_for_allocation(order, 1))

    async def customer_is_listed() -> bool:
        contacts = await recall_rows(system, recall, "contacts")
        return [(item["lot_or_serial"], item["customer_name"]) for item in contacts] == [(serial, CUSTOMER.name)]

    await wait_until(customer_is_listed)
    await system.assert_rejected(CloseRecall(recall=recall, reason="done"), "recall_open", actor="sue")
