"""Receipts with conflicting dates, receipts on hold and customer returns, with the database."""

from decimal import Decimal
from typing import Any

from services.lots.lookup.queries.reports import REPORTS
from shared.http import first_page
from shared.persistence.database import read_only
from tests.integration.lots.conftest import LotsHarness
from tests.support.messages.lots import DOCK, EARLY_EXPIRY, LATE_EXPIRY, SHELF, STAGE

RECONCILIATION = next(report for report in REPORTS if report.name == "reconciliation")


async def balances_with_wrong_expiry(harness: LotsHarness) -> list[dict[str, Any]]:
    """Balances and picked stock of the test's product whose expiry differs from the lot's."""
    return await harness.fetch_all(
        """
        SELECT * FROM (
            SELECT sku, lot, expiry FROM balance
            UNION ALL SELECT sku, lot, expiry FROM picked_stock WHERE quantity > 0
        ) AS stock LEFT JOIN lot USING (sku, lot)
        WHERE stock.sku = :sku AND stock.expiry IS DISTINCT FROM coalesce(lot.expiry, 'infinity')
        """,
        sku=harness.sku,
    )


SELECT_WRONG_PICKED = """
    SELECT location, lot, balance.picked, sum(picked_stock.quantity) AS quantity
    FROM balance FULL JOIN picked_stock USING (sku, lot, location) WHERE sku = :sku
    GROUP BY location, lot, balance.picked
    HAVING balance.picked IS DISTINCT FROM coalesce(sum(picked_stock.quantity), 0)
"""


async def assert_reconciled(harness: LotsHarness) -> list[tuple[str, str]]:
    """The lots and warehouses of the test's product; asserts that all of them reconcile."""
    assert await balances_with_wrong_expiry(harness) == []
    filters = {"sku": harness.sku, "lot": None, "wrong_only": False}
    async with read_only(harness.engine) as tx:
        rows = await first_page(RECONCILIATION.sorts, 10_000).fetch(tx, RECONCILIATION.statement, filters)
    assert [row for row in rows if not row.agrees] == []
    assert await harness.fetch_all(SELECT_WRONG_PICKED, sku=harness.sku) == []
    return [(row.lot, row.warehouse) for row in rows]


async def test_conflicting_receipt_expiries_place_a_hold(harness: LotsHarness) -> None:
    """Conflicting expiries: both quantities are received, the earlier date is effective, a hold is placed (S24)."""
    messages = harness.messages
    await harness.handle(messages.receive(messages.received_lot("B-1", 4, LATE_EXPIRY)))
    await harness.handle(messages.put_away("B-1", 4))
    result = await harness.handle(messages.receive(messages.received_lot("B-1", 6, EARLY_EXPIRY), receipt="R-2"))
    assert await harness.balances() == {
        ("B-1", DOCK): (Decimal(6), Decimal(0)),
        ("B-1", SHELF): (Decimal(4), Decimal(0)),
    }
    [hold_event] = result.data_of("lot.hold_placed.v1")
    assert "expiry conflict" in hold_event["reason"]
    [corrected] = result.data_of("lot.dates_corrected.v1")
    assert (corrected["previous_expiry"], corrected["expiry"]) == ("2027-06-30", "2027-03-31")
    assert {
        row["expiry"] for row in await harness.fetch_all("SELECT expiry FROM lot WHERE sku = :sku", sku=harness.sku)
    } == {EARLY_EXPIRY}

    assert (await harness.handle(messages.release_hold(hold_event["hold_id"]))).error_codes() == [
        "hold_requires_date_correction"
    ]
    correction_result = await harness.handle(messages.correct_dates("B-1", LATE_EXPIRY), actor="supervisor")
    assert correction_result.event_types() == ["lot.dates_corrected.v1", "lot.hold_released.v1"]
    corrections = await harness.fetch_all("SELECT * FROM correction WHERE sku = :sku ORDER BY id", sku=harness.sku)
    assert [(row["previous_expiry"], row["expiry"], row["actor"]) for row in corrections] == [
        (LATE_EXPIRY, EARLY_EXPIRY, "anna"), (EARLY_EXPIRY, LATE_EXPIRY, "supervisor"),
    ]  # fmt: skip
    assert {
        row["expiry"] for row in await harness.fetch_all("SELECT expiry FROM lot WHERE sku = :sku", sku=harness.sku)
    } == {LATE_EXPIRY}


async def test_confirming_the_expiry_releases_the_hold(harness: LotsHarness) -> None:
    """Correcting a lot to its earlier expiry confirms it and releases the hold (S24)."""
    messages = harness.messages
    await harness.handle(messages.receive(messages.received_lot("B-1", 4, EARLY_EXPIRY)))
    result = await harness.handle(messages.receive(messages.received_lot("B-1", 6, LATE_EXPIRY)))
    assert result.event_types() == ["lot.received.v1", "lot.hold_placed.v1"]
    assert (await harness.handle(messages.correct_dates("B-1", EARLY_EXPIRY))).event_types() == ["lot.hold_released.v1"]


async def test_short_shelf_life_lot_is_received_on_hold(harness: LotsHarness) -> None:
    """A lot received on hold for short shelf life is held at once and released by command (S26)."""
    messages = harness.messages
    result = await harness.handle(messages.receive(messages.received_lot("B-1", 4, hold_id="H-1")))
    assert result.event_types() == ["lot.received.v1", "lot.hold_placed.v1"]
    [row] = await harness.fetch_all("SELECT * FROM hold WHERE sku = :sku", sku=harness.sku)
    assert (row["kind"], row["location"], row["released_at"]) == ("SHORT_SHELF_LIFE", None, None)
    release_result = await harness.handle(messages.release_hold("H-1"), actor="supervisor")
    assert release_result.event_types() == ["lot.hold_released.v1"]
    [row] = await harness.fetch_all("SELECT * FROM hold WHERE sku = :sku", sku=harness.sku)
    assert (row["released_by"], row["released_reason"]) == ("supervisor", "cleared")


async def test_returned_stock_is_held_until_disposition(harness: LotsHarness) -> None:
    """A return is held at its location until its full disposition (S18)."""
    messages = harness.messages
    await harness.handle(messages.receive(messages.received_lot("B-1", 4)))
    result = await harness.handle(messages.return_from_customer("B-1", 5))
    assert result.event_types() == ["lot.received.v1", "lot.hold_placed.v1"]
    assert (await harness.handle(messages.put_away("B-1", 1, from_location=STAGE))).error_codes() == [
        "disposition_pending"
    ]
    assert (await harness.handle(messages.release_hold("RMA-1"))).error_codes() == ["disposition_pending"]
    assert (await harness.handle(messages.dispose_return("B-1", 2, "SCRAP"))).event_types() == ["lot.adjusted.v1"]
    assert (await harness.handle(messages.dispose_return("B-1", 1, "RESTOCK"))).event_types() == []
    assert (await harness.handle(messages.put_away("B-1", 2, from_location=STAGE))).error_codes() == [
        "disposition_pending"
    ]
    assert (await harness.handle(messages.put_away("B-1", 1, from_location=STAGE))).error_codes() == []
    final_result = await harness.handle(messages.dispose_return("B-1", 2, "RETURN_TO_VENDOR"))
    assert final_result.event_types() == ["lot.adjusted.v1", "lot.hold_released.v1"]
    assert await harness.balances() == {
        ("B-1", DOCK): (Decimal(4), Decimal(0)),
        ("B-1", SHELF): (Decimal(1), Decimal(0)),
    }
    assert await assert_reconciled(harness) == [("B-1", "EAST")]


async def test_disposition_exceeding_the_return_is_a_conflict(harness: LotsHarness) -> None:
    """A disposition larger than the return is a conflict and changes nothing."""
    messages = harness.messages
    await harness.handle(messages.return_from_customer("B-1", 5))
    result = await harness.handle(messages.dispose_return("B-1", 6, "SCRAP"))
    assert [(event["kind"], event["code"]) for event in result.data_of("lot.rejected.v1")] == [
        ("EVENT_CONFLICT", "not_in_return")
    ]
    assert await harness.balances() == {("B-1", STAGE): (Decimal(5), Decimal(0))}
