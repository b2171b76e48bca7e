"""Lot numbers that differ only in case or blanks, with the database (S25)."""

import asyncio
from decimal import Decimal

import httpx

from shared.contracts.commands.receiving import ConfirmSession, DisposeReturn, ResolveDiscrepancy
from shared.contracts.lot_corrections import LotNumberCorrected
from shared.contracts.serials import SerialLotCorrected
from shared.contracts.upstream import AsnAnnounced
from tests.integration.receiving.conftest import ReceivingHarness
from tests.integration.receiving.lot_messages import lot_scan_command, lots_shipped_event, return_command, scanned_lot
from tests.integration.receiving.test_http import get_json


def blind_receipt(harness: ReceivingHarness, name: str) -> AsnAnnounced:
    """A receipt without an ASN."""
    fields = {"receipt": harness.scoped_id(name), "warehouse": harness.scoped_id("EAST"), "kind": "BLIND"}
    return AsnAnnounced.model_validate(fields)


async def known_lots(harness: ReceivingHarness) -> list[tuple[str, bool]]:
    """The received lots of milk, and whether each was accepted beside another spelling."""
    rows = await harness.fetch_all(
        "SELECT lot, is_variant FROM known_lot WHERE sku = :sku ORDER BY is_variant, lot", sku=harness.scoped_id("MILK")
    )
    return [(row["lot"], row["is_variant"]) for row in rows]


async def test_two_receipts_at_once_make_one_lot(milk_harness: ReceivingHarness) -> None:
    """Two replicas confirm two spellings of a new lot on two receipts: one names it, the other finds a discrepancy."""
    harness = milk_harness
    for attempt in range(4):
        spellings = {f"R1-{attempt}": f"Lot {attempt}", f"R2-{attempt}": f"LOT  {attempt}"}
        await harness.handle(*(blind_receipt(harness, receipt) for receipt in spellings))
        for receipt, spelling in spellings.items():
            scan = lot_scan_command(harness, scanned_lot(spelling, 5), receipt=harness.scoped_id(receipt))
            assert (await harness.handle(scan)).error_codes() == []
        confirmations = [ConfirmSession(receipt=harness.scoped_id(receipt), session="S") for receipt in spellings]
        results = await asyncio.gather(*(harness.handle_with_retry(command) for command in confirmations))
        received = [event for result in results for event in result.data_of("receipt.lots_received.v1")]
        found = [event for result in results for event in result.data_of("discrepancy.found.v1")]
        assert (len(received), [event["kind"] for event in found]) == (1, ["LOT_CASE_MISMATCH"])
        assert received[0]["lots"][0]["lot"] in found[0]["detail"]
    assert [is_variant for _, is_variant in await known_lots(harness)] == [False] * 4


async def test_set_aside_lot_is_resolved(milk_harness: ReceivingHarness, http: httpx.AsyncClient) -> None:
    """A discrepancy names the known lot; its goods are received as that, and the receipt shows the number."""
    harness, receipt = milk_harness, milk_harness.scoped_id("R2")
    await harness.handle(blind_receipt(harness, "R1"), blind_receipt(harness, "R2"))
    for name, spelling in (("R1", "AB-10"), ("R2", "ab-10")):
        scan = lot_scan_command(harness, scanned_lot(spelling, 5), receipt=harness.scoped_id(name))
        await harness.handle(scan)
        await harness.handle(ConfirmSession(receipt=harness.scoped_id(name), session="S"))
    (found,) = (await get_json(http, f"/receipts/{receipt}/discrepancies"))["items"]
    assert (found["kind"], found["lot"], found["conflicting_value"]) == ("LOT_CASE_MISMATCH", "ab-10", "AB-10")
    fields = {"receipt": receipt, "discrepancy": found["discrepancy"], "resolution": "MATCH", "reason": "same label"}
    result = await harness.handle(ResolveDiscrepancy.model_validate(fields))
    assert [event["lots"][0]["lot"] for event in result.data_of("receipt.lots_received.v1")] == ["AB-10"]
    (lot,) = (await get_json(http, f"/receipts/{receipt}/lots"))["items"]
    assert (lot["lot"], lot["known_lot"], lot["status"]) == ("ab-10", "AB-10", "RECEIVED")
    assert await known_lots(harness) == [("AB-10", False)]


async def test_return_takes_any_spelling(milk_harness: ReceivingHarness) -> None:
    """A returned lot is that which was shipped, however it is spelled."""
    harness = milk_harness
    await harness.handle(lots_shipped_event(harness, ("L1", 6)))
    result = await harness.handle(return_command(harness, ("l1", 5)))
    assert [event["lots"] for event in result.data_of("return.lots_received.v1")] == [[{"lot": "L1", "quantity": 5}]]
    fields = {"return_id": harness.scoped_id("RMA"), "disposition": "RESTOCK", "reason": "sealed"}
    command = DisposeReturn.model_validate(fields | {"lots": [{"lot": "l1", "quantity": 5}]})
    assert (await harness.handle(command)).error_codes() == []


async def test_return_under_another_number_names_what_was_shipped(milk_harness: ReceivingHarness) -> None:
    """A return under a wrong number names the lots of the order, also those that ship at the same time (S25)."""
    harness = milk_harness
    await harness.handle(lots_shipped_event(harness, ("L1", 6), ("L2", 1)))
    result = await harness.handle(lots_shipped_event(harness, ("L2", 2)), return_command(harness, ("WRONG1", 1)))
    (violation,) = [violation for handled in result.results for violation in handled.violations]
    assert violation.detail == "1 of WRONG1, 0 shipped and 0 returned; outstanding of other lots: 6 of L1, 3 of L2"
    assert violation.suggested == ["L1", "L2"]


async def test_receipt_shows_corrected_numbers(milk_harness: ReceivingHarness, http: httpx.AsyncClient) -> None:
    """The lots of a receipt name the right numbers, also after two corrections; a repeated event adds nothing (S22)."""
    harness, milk, receipt = milk_harness, milk_harness.scoped_id("MILK"), milk_harness.scoped_id("R")
    await harness.handle(
        lot_scan_command(harness, scanned_lot("ab 1", 5)), ConfirmSession(receipt=receipt, session="S")
    )

    def correction(from_lot: str, lot: str) -> LotNumberCorrected:
        fields = {"sku": milk, "from_lot": from_lot, "lot": lot, "quantity": Decimal(5), "reason": "misread"}
        return LotNumberCorrected.model_validate(fields)

    for _ in range(2):
        result = await harness.handle(correction("ab 1", "AB 1"), correction("AB 1", "L-9"))
        assert result.statement_count < 15
    (lot,) = (await get_json(http, f"/receipts/{receipt}/lots"))["items"]
    assert (lot["lot"], lot["corrected_lots"]) == ("ab 1", ["AB 1", "L-9"])
    assert await known_lots(harness) == [("L-9", False), ("ab 1", False), ("AB 1", True)]
    await harness.handle(SerialLotCorrected(sku=milk, serials=["U"], versions=[1], lot="M-1", reason="misread"))
    assert ("M-1", False) in await known_lots(harness)
