"""The history of units keeps the raw scans by which they were picked and unpicked."""

from shared.contracts.fulfillment import OrderSerialsPicked, OrderSerialsUnpicked
from tests.support.in_memory.serials import with_stock
from tests.support.messages.serials import OUTBOUND, SHELF, order_fields, request_allocation


def test_scans_of_picks_and_unpicks_are_kept() -> None:
    """S22: each unit its own scan as the scanner sent it, none if its number was typed."""
    service = with_stock(2)
    serials, scan = ["SN-1", "SN-2"], "]d20109521234543213\x1d21SN-2"
    service.handle(request_allocation("D1", 2))
    service.handle(OrderSerialsPicked(**order_fields("D1", serials), location=OUTBOUND, scans=["", scan]))
    unpicked = order_fields("D1", ["SN-2"], location=SHELF, reallocate=False, reason="wrong", scans=[scan])
    service.handle(OrderSerialsUnpicked(**unpicked))
    kept = [(entry.unit.serial, entry.scan) for entry in service.audit[-3:]]
    assert kept == [("SN-1", None), ("SN-2", scan), ("SN-2", scan)]
