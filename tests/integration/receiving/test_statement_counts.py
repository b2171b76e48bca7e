"""The number of statements is independent of the number of units and messages in a transaction."""

from decimal import Decimal

from shared.contracts.commands.receiving import CloseReceipt, ConfirmSession, DisposeReturn, UndoScan
from shared.contracts.upstream import AsnAnnounced
from tests.integration.receiving.conftest import ReceivingHarness
from tests.integration.receiving.lot_messages import lot_scan_command, lots_shipped_event, return_command, scanned_lot
from tests.support.harness import ProcessingResult


async def process_serial_receipt(harness: ReceivingHarness, receipt: str, unit_count: int) -> list[ProcessingResult]:
    """Process a receipt of units, announced twice, half of them unlisted, with an excess."""
    listed_serials = [f"{receipt}-n{number}" for number in range(unit_count)]
    corrected_serials = [*listed_serials[:-1], f"{receipt}-added"]
    scanned_serials = listed_serials[: unit_count - unit_count // 2] + [
        f"{receipt}-u{number}" for number in range(unit_count)
    ]
    return [
        await harness.handle(harness.asn_command(receipt, *listed_serials, quantity=unit_count * 3)),
        await harness.handle(harness.asn_command(receipt, *corrected_serials, quantity=unit_count * 2)),
        await harness.handle(harness.scan_command(receipt, *scanned_serials[:500])),
        await harness.handle(harness.confirm_command(receipt)),
        await harness.handle(CloseReceipt(receipt=harness.scoped_id(receipt))),
    ]


async def test_statement_count_does_not_grow_with_units(harness: ReceivingHarness) -> None:
    """Announcing, correcting, scanning, confirming and closing 500 units takes as many statements as two units."""
    small = await process_serial_receipt(harness, "FEW", 2)
    large = await process_serial_receipt(harness, "MANY", 500)
    assert [result.statement_count for result in large] == [result.statement_count for result in small]


async def test_statement_count_does_not_grow_with_commands(harness: ReceivingHarness) -> None:
    """A batch of hundreds of one-serial scans and confirmations is processed in one pass."""
    await harness.handle(harness.asn_command("R", *(f"A{number}" for number in range(201))))
    single = await harness.handle(harness.scan_command("R", "A0", session="S0"), harness.confirm_command("R", "S0"))
    commands = [
        command
        for number in range(1, 201)
        for command in (
            harness.scan_command("R", f"A{number}", session=f"S{number}"),
            harness.confirm_command("R", f"S{number}"),
        )
    ]
    bulk = await harness.handle(*commands)
    assert bulk.statement_count == single.statement_count
    assert len(bulk.data_of("receipt.serials_received.v1")) == 200
    assert set((await harness.unit_statuses()).values()) == {"ON_HAND"}


async def process_lot_receipt(milk_harness: ReceivingHarness, receipt: str, lot_count: int) -> list[ProcessingResult]:
    """Process a receipt of lots with undo and excess, then ship, return and dispose of them."""
    receipt_id, asn_line = (
        milk_harness.scoped_id(receipt),
        {"line": "1", "sku": milk_harness.scoped_id("MILK"), "quantity": lot_count * 2},
    )
    asn = AsnAnnounced.model_validate(
        {"receipt": receipt_id, "warehouse": milk_harness.scoped_id("EAST"), "lines": [asn_line]}
    )
    numbers = [f"{receipt}-{number}" for number in range(lot_count)]
    lots = [(number, 3.0) for number in numbers]
    return [
        await milk_harness.handle(asn),
        await milk_harness.handle(
            lot_scan_command(milk_harness, *(scanned_lot(number, 2) for number in numbers), receipt=receipt_id)
        ),
        await milk_harness.handle(
            lot_scan_command(milk_harness, *(scanned_lot(number, 1) for number in numbers), receipt=receipt_id)
        ),
        await milk_harness.handle(
            UndoScan(
                receipt=receipt_id, session="S", sku=milk_harness.scoped_id("MILK"), lots=numbers[: lot_count // 2]
            )
        ),
        await milk_harness.handle(
            lot_scan_command(milk_harness, *(scanned_lot(number, 9) for number in numbers), receipt=receipt_id)
        ),
        await milk_harness.handle(ConfirmSession(receipt=receipt_id, session="S")),
        await milk_harness.handle(CloseReceipt(receipt=receipt_id)),
        await milk_harness.handle(*await milk_harness.void_commands(receipt_id), CloseReceipt(receipt=receipt_id)),
        await milk_harness.handle(lots_shipped_event(milk_harness, *lots)),
        await milk_harness.handle(return_command(milk_harness, *lots, name=receipt)),
        await milk_harness.handle(
            DisposeReturn(return_id=milk_harness.scoped_id(receipt), disposition="SCRAP", reason="sour")
        ),
    ]


async def test_statement_count_does_not_grow_with_lots(milk_harness: ReceivingHarness) -> None:
    """Scanning, undoing, confirming, closing, returning 500 lots takes as many statements as two lots."""
    small = await process_lot_receipt(milk_harness, "FEW", 2)
    large = await process_lot_receipt(milk_harness, "MANY", 500)
    codes = [[], [], [], [], [], [], ["discrepancy_open"], [], [], [], []]
    assert [result.error_codes() for result in small + large] == codes * 2
    assert [result.statement_count for result in large] == [result.statement_count for result in small]


async def test_statement_count_does_not_grow_with_lot_scans(milk_harness: ReceivingHarness) -> None:
    """A batch of hundreds of lot scans and confirmations is processed in one pass, and none is lost."""
    receipt = milk_harness.scoped_id("R")
    single = await milk_harness.handle(
        lot_scan_command(milk_harness, scanned_lot("L", 0.25)), ConfirmSession(receipt=receipt, session="S")
    )
    commands = [
        command
        for number in range(200)
        for command in (
            lot_scan_command(milk_harness, scanned_lot(f"L{number % 7}", 0.25), session=f"S{number}"),
            ConfirmSession(receipt=receipt, session=f"S{number}", quantity=Decimal("0.25")),
        )
    ]
    bulk = await milk_harness.handle(*commands)
    assert bulk.statement_count == single.statement_count
    assert (
        sum(
            received_lot["quantity"]
            for data in bulk.data_of("receipt.lots_received.v1")
            for received_lot in data["lots"]
        )
        == 50
    )


async def process_rejected_lots(milk_harness: ReceivingHarness, receipt: str, lot_count: int) -> list[ProcessingResult]:
    """Reject expired lots, reject them again with other quantities, accept half of them and close the receipt."""
    receipt_id, asn_line = milk_harness.scoped_id(receipt), {"line": "1", "sku": milk_harness.scoped_id("MILK")}
    fields = {"receipt": receipt_id, "warehouse": milk_harness.scoped_id("EAST")}
    await milk_harness.handle(AsnAnnounced.model_validate(fields | {"lines": [asn_line | {"quantity": lot_count * 2}]}))
    numbers = [f"{receipt}-{number}" for number in range(lot_count)]
    lots = [[scanned_lot(number, quantity, "2001-01-01") for number in numbers] for quantity in (2, 3)]
    lots.append([scanned_lot(number, 1) for number in numbers[: lot_count // 2]])
    return [
        *[await milk_harness.handle(lot_scan_command(milk_harness, *entries, receipt=receipt_id)) for entries in lots],
        await milk_harness.handle(
            ConfirmSession(receipt=receipt_id, session="S"), CloseReceipt(receipt=receipt_id)
        ),
    ]  # fmt: skip


async def test_statement_count_does_not_grow_with_rejected_goods(milk_harness: ReceivingHarness) -> None:
    """Rejecting 500 lots, replacing and withdrawing their rejections takes as many statements as two lots."""
    small = await process_rejected_lots(milk_harness, "FEW", 2)
    large = await process_rejected_lots(milk_harness, "MANY", 500)
    assert [result.error_codes() for result in small + large] == [["expired"], ["expired"], [], []] * 2
    assert [result.statement_count for result in large] == [result.statement_count for result in small]
    assert len(large[0].data_of("discrepancy.found.v1")) == 500
    assert len(large[2].data_of("discrepancy.resolved.v1")) == 250
