"""Which held goods an approved dispatch may still take away."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

from shared.inventory.approval import DispatchApproval, find_leaving

NOW = datetime(2026, 3, 4, 12, tzinfo=UTC)
HELD = {"SO-1": {"E1": Decimal(1), "E2": Decimal(1), "E3": Decimal(1)}}


def approval(
    *serials: str, shipment: str = "SH-1", sku: str = "A", order: str = "SO-1", minutes: int = 5
) -> DispatchApproval:
    """An approval of serial numbers."""
    return DispatchApproval(sku, order, shipment, "C-1", NOW + timedelta(minutes=minutes), serials)


def test_valid_approvals_are_joined_by_shipment() -> None:
    """Messages of one check and a repeated check are one entry with the latest end (S28)."""
    approvals = [
        approval("E1"), approval("E1", "E2", minutes=9), approval("E3", shipment="SH-2"), approval("E3", minutes=0),
        approval("E3", sku="B"), approval("E3", order="SO-2"), approval("E9"),
    ]  # fmt: skip
    found = find_leaving(approvals, NOW, "A", HELD)
    assert [(goods.shipment, int(goods.quantity), goods.serials, goods.valid_until) for goods in found] == [
        ("SH-1", 2, ["E1", "E2"], NOW + timedelta(minutes=9)),
        ("SH-2", 1, ["E3"], NOW + timedelta(minutes=5)),
    ]
