"""Dated lots of the tests of expiry checks, and the holds on them."""

from datetime import timedelta

from shared.contracts.commands.lot_corrections import CorrectLotDates
from tests.integration.lots.conftest import LotsHarness
from tests.support.time_zones import DAY


async def open_hold_ids(harness: LotsHarness) -> list[str]:
    """The open holds on the test's product."""
    rows = await harness.fetch_all("SELECT hold_id FROM hold WHERE sku = :sku AND released_at IS NULL", sku=harness.sku)
    return [row["hold_id"] for row in rows]


async def correct_expiry(harness: LotsHarness, days: int) -> None:
    """Correct the expiry of the first lot to this number of days from now."""
    expiry = DAY + timedelta(days=days)
    await harness.handle(CorrectLotDates(sku=harness.sku, lot="B-0", expiry=expiry, reason="label misread"))


async def receive_dated_lots(harness: LotsHarness, *days: int, prefix: str = "B") -> None:
    """Receive lots that expire after these numbers of days."""
    messages = harness.messages
    received_lots = [
        messages.received_lot(f"{prefix}-{index}", 10, DAY + timedelta(days=offset))
        for index, offset in enumerate(days)
    ]
    for start in range(0, len(received_lots), 500):
        await harness.handle(messages.receive(*received_lots[start : start + 500], receipt=f"R-{prefix}-{start}"))
