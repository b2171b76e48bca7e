"""Corrected expiry dates apply to unshipped stock of the listed orders only; on a real database."""

from datetime import date, timedelta

import pytest

from shared.contracts.commands.fulfillment import DispatchShipment
from shared.contracts.fulfillment import (
    DispatchCheckRequested,
    OrderLotsDeallocated,
    OrderLotsPicked,
    OrderSerialsDeallocated,
    OrderSerialsPicked,
)
from shared.contracts.lot_corrections import LotDatesCorrected
from shared.contracts.problems import Code
from shared.contracts.serials import SerialExpiryCorrected
from shared.persistence.database import Transaction
from tests.integration.fulfillment.harness import FulfillmentHarness
from tests.integration.fulfillment.lot_harness import FAR_EXPIRY, LotHarness

TODAY = Transaction.clock().date()
PAST_EXPIRY, NEAR_EXPIRY, LATE_EXPIRY = (TODAY + timedelta(days=days) for days in (-30, 30, 300))


def lot_corrected(lot_harness: LotHarness, expiry: date | None, *orders: str, lot: str = "L1") -> LotDatesCorrected:
    """A date correction of a lot by the lots service, for the given orders."""
    return LotDatesCorrected(
        sku=lot_harness.sku,
        lot=lot,
        expiry=expiry,
        orders=[lot_harness.harness.scoped_id(order) for order in orders],
        reason="label checked",
    )


def unit_corrected(
    harness: FulfillmentHarness, expiry: date | None, serial: str, *orders: str
) -> SerialExpiryCorrected:
    """An expiry correction of a unit by the serials service, for the given orders."""
    return SerialExpiryCorrected(
        sku=harness.sku,
        serials=[serial],
        expiry=expiry,
        orders=[harness.scoped_id(order) for order in orders],
        reason="label checked",
    )


@pytest.mark.parametrize(
    ("initial_expiry", "corrected_expiry", "code"),
    [
        (PAST_EXPIRY, LATE_EXPIRY, None),
        (LATE_EXPIRY, PAST_EXPIRY, Code.EXPIRED),
        (LATE_EXPIRY, NEAR_EXPIRY, Code.INSUFFICIENT_SHELF_LIFE),
        (PAST_EXPIRY, None, None),
    ],
)
async def test_pick_uses_the_corrected_lot_expiry(
    harness: FulfillmentHarness,
    lot_harness: LotHarness,
    initial_expiry: date,
    corrected_expiry: date | None,
    code: Code | None,
) -> None:
    """A corrected lot is picked or released by its new expiry date (S28)."""
    await harness.handle(lot_harness.product_changed(version=2, stop_allocation_days=60))
    await lot_harness.allocate_order("SO-1", ("L1", 2), ("L2", 1), expiry=initial_expiry)
    await harness.handle(lot_corrected(lot_harness, corrected_expiry, "SO-1"))
    result = await harness.handle_command(lot_harness.pick_command("SO-1", ("L1", 2)))
    assert [violation.code for violation in result.violations] == ([code] if code else [])
    assert (len(harness.events_of(OrderLotsPicked)), len(harness.events_of(OrderLotsDeallocated))) == (
        (0, 1) if code else (1, 0)
    )
    rows = await harness.fetch_all(
        "SELECT expiry FROM allocated_lot WHERE order_id = :order AND lot = 'L2'", order=harness.scoped_id("SO-1")
    )
    assert [row["expiry"] for row in rows] == [initial_expiry]


@pytest.mark.parametrize(
    ("initial_expiry", "corrected_expiry", "is_valid"),
    [(PAST_EXPIRY, LATE_EXPIRY, True), (LATE_EXPIRY, PAST_EXPIRY, False)],
)
@pytest.mark.usefixtures("lot_harness")
async def test_pick_uses_the_corrected_unit_expiry(
    harness: FulfillmentHarness, initial_expiry: date, corrected_expiry: date, is_valid: bool
) -> None:
    """A corrected unit is picked or released by its new expiry date (S28)."""
    request = await harness.place_order("SO-1", 1)
    allocation = harness.serial_allocated(request, ["S1"])
    await harness.handle(
        allocation.model_copy(
            update={"allocated": [allocation.allocated[0].model_copy(update={"expiry": initial_expiry})]}
        )
    )
    await harness.handle(unit_corrected(harness, corrected_expiry, "S1", "SO-1"))
    await harness.handle_command(harness.pick_command("SO-1", "S1"))
    assert (len(harness.events_of(OrderSerialsPicked)), len(harness.events_of(OrderSerialsDeallocated))) == (
        (1, 0) if is_valid else (0, 1)
    )


@pytest.mark.usefixtures("lot_harness")
async def test_correction_applies_only_to_listed_orders(harness: FulfillmentHarness) -> None:
    """Of two corrected units, only the one of the listed order gets the new date (S24)."""
    for order, serial in (("SO-1", "S1"), ("SO-2", "S2")):
        await harness.handle(harness.serial_allocated(await harness.place_order(order, 1), [serial]))
    await harness.handle(
        unit_corrected(harness, NEAR_EXPIRY, "S1", "SO-2"), unit_corrected(harness, LATE_EXPIRY, "S2", "SO-2")
    )
    rows = await harness.fetch_all(
        "SELECT serial, expiry FROM allocated_unit WHERE sku = :sku ORDER BY serial", sku=harness.sku
    )
    assert [(row["serial"], row["expiry"]) for row in rows] == [("S1", None), ("S2", LATE_EXPIRY)]


async def test_last_correction_in_a_batch_wins(harness: FulfillmentHarness, lot_harness: LotHarness) -> None:
    """After two corrections in one transaction, all stock of the lot has the later date (S24)."""
    await lot_harness.allocate_order("SO-1", ("L1", 3))
    await lot_harness.allocate_order("SO-2", ("L1", 1))
    await harness.handle(
        lot_harness.pick_command("SO-1", ("L1", 1)), lot_harness.pack_command("SO-1", "C-1", ("L1", 1))
    )
    await harness.handle(
        lot_corrected(lot_harness, NEAR_EXPIRY, "SO-1", "SO-2"), lot_corrected(lot_harness, LATE_EXPIRY, "SO-1", "SO-2")
    )
    rows = await harness.fetch_all("SELECT expiry, status FROM allocated_lot WHERE sku = :sku", sku=lot_harness.sku)
    assert sorted((row["status"], row["expiry"]) for row in rows) == [
        ("ALLOCATED", LATE_EXPIRY), ("ALLOCATED", LATE_EXPIRY), ("PICKED", LATE_EXPIRY)
    ]  # fmt: skip


async def test_early_or_late_correction_changes_nothing(harness: FulfillmentHarness, lot_harness: LotHarness) -> None:
    """Corrections before the allocation or after shipping change nothing: both already have their date (S24)."""
    request = await lot_harness.place_order("SO-1", 2)
    early_corrections = (
        lot_corrected(lot_harness, LATE_EXPIRY, "SO-1", "SO-NONE"),
        unit_corrected(harness, LATE_EXPIRY, "S1", "SO-1"),
    )
    await harness.handle(*early_corrections)
    assert not harness.events
    await harness.handle(lot_harness.lot_allocated(request, ("L1", 1), expiry=LATE_EXPIRY))
    assert (await harness.handle_command(lot_harness.pick_command("SO-1", ("L1", 1)))).body
    _, dispatch_requests = await lot_harness.request_dispatch("SO-2", ("L1", 1))
    await harness.handle(*lot_harness.approvals_for(dispatch_requests))
    await harness.ship_order("SO-3", "S1")
    await harness.handle(
        lot_corrected(lot_harness, PAST_EXPIRY, "SO-2"), unit_corrected(harness, PAST_EXPIRY, "S1", "SO-3")
    )
    assert not harness.events
    query = "SELECT expiry FROM {} WHERE order_id = :order"
    assert await harness.fetch_all(query.format("allocated_lot"), order=harness.scoped_id("SO-2")) == [
        {"expiry": FAR_EXPIRY}
    ]
    assert await harness.fetch_all(query.format("allocated_unit"), order=harness.scoped_id("SO-3")) == [
        {"expiry": None}
    ]


async def test_unlisted_orders_keep_their_expiry(harness: FulfillmentHarness, lot_harness: LotHarness) -> None:
    """Only listed orders are locked, so the stock of other orders keeps its date (S09)."""
    await lot_harness.allocate_order("SO-1", ("L1", 1), expiry=NEAR_EXPIRY)
    await lot_harness.allocate_order("SO-2", ("L1", 1), expiry=LATE_EXPIRY)
    await harness.handle(lot_corrected(lot_harness, PAST_EXPIRY, "SO-1"))
    rows = await harness.fetch_all("SELECT order_id, expiry FROM allocated_lot WHERE sku = :sku", sku=lot_harness.sku)
    assert {row["order_id"]: row["expiry"] for row in rows} == {
        harness.scoped_id("SO-1"): PAST_EXPIRY,
        harness.scoped_id("SO-2"): LATE_EXPIRY,
    }


async def test_correction_does_not_end_a_dispatch_check(harness: FulfillmentHarness, lot_harness: LotHarness) -> None:
    """Dispatch can still be requested; the lots service checks the date (S28)."""
    await lot_harness.request_dispatch("SO-1", ("L1", 1))
    await harness.handle(lot_corrected(lot_harness, PAST_EXPIRY, "SO-1"))
    await harness.handle(DispatchShipment(shipment=harness.scoped_id("SH-SO-1")))
    assert harness.events_of(DispatchCheckRequested)
