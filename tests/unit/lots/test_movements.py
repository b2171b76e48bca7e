"""Location rules of lot-tracked stock, blocking orders, and the content of rejections."""

from datetime import date
from decimal import Decimal

import pytest

from services.lots.balances.domain.records import DemandRef
from services.lots.balances.domain.results import LotSnapshot
from shared.contracts.lots import LotAllocated, LotHoldPlaced, LotMixingDetected
from tests.support.in_memory.lots import InMemoryLots
from tests.support.messages.lot_orders import OrderMessages
from tests.support.messages.lots import BIN, LATE_EXPIRY, RACK, SHELF, STAGE, WEST_SHELF, ProductMessages

messages = OrderMessages()


def lots_with_stock(*lots: str) -> InMemoryLots:
    """Ten of each lot: the first on the shelf, the second in the bin, others at the dock."""
    service = InMemoryLots()
    service.handle(messages.receive(*(messages.received_lot(lot) for lot in lots)))
    for lot, location in zip(lots, (SHELF, BIN), strict=False):
        service.handle(messages.put_away(lot, 10, location))
    return service


@pytest.mark.parametrize(
    ("command", "code"),
    [
        (messages.put_away("B-9"), "lot_not_found"),
        (messages.put_away("B-1", 1, BIN, STAGE), "insufficient_stock"),
        (messages.put_away("B-1", 1, "EAST/NOWHERE"), "location_not_found"),
        (messages.put_away("B-1", 1, STAGE), "wrong_location_type"),
        (messages.put_away("B-1", 1, BIN, SHELF), "wrong_location_type"),
        (messages.put_away("B-1", 1, WEST_SHELF), "wrong_warehouse"),
        (messages.put_away("B-1", 1, BIN), "insufficient_stock"),
        (messages.move("B-1", 1, STAGE), "wrong_location_type"),
        (messages.move("B-1", 1, WEST_SHELF), "wrong_warehouse"),
        (messages.move("B-1", 11, RACK), "insufficient_stock"),
        (messages.move("B-1", 1, BIN), "mixed_lots_not_allowed"),
        (messages.place_hold("B-1", "H-1", "EAST/NOWHERE"), "location_not_found"),
        (messages.place_hold("B-9", "H-1"), "lot_not_found"),
        (messages.place_hold("", "H-1"), "lot_not_found"),
        (messages.release_hold("H-9"), "hold_not_found"),
        (messages.adjust("B-1", 11, "SCRAPPED"), "insufficient_stock"),
        (messages.adjust("B-9", 1, "FOUND"), "lot_not_found"),
        (messages.adjust("B-1", 1, "FOUND", BIN), "mixed_lots_not_allowed"),
        (messages.count("B-9", 1), "lot_not_found"),
        (messages.correct_dates("B-9", LATE_EXPIRY), "lot_not_found"),
        (messages.correct_dates("B-1", date(2026, 3, 1), manufactured_on=date(2026, 3, 1)), None),
        (ProductMessages("A-2").put_away("B-1"), "lot_not_found"),
        (ProductMessages("A-3").put_away("B-1"), "serial_tracked_product"),
        (ProductMessages("A-4").put_away("B-1"), "lot_not_found"),
        (ProductMessages("A-9").place_hold("B-7", "H-1"), "product_not_found"),
    ],
)
def test_invalid_commands_are_rejected(command: object, code: str | None) -> None:
    """Each invalid location, lot, product or quantity has its own error code and changes nothing (S07, S25, S30)."""
    service = lots_with_stock("B-1", "B-2")
    service.uow.tracking = {"A-1": "LOT", "A-2": "LOT", "A-3": "SERIAL", "A-4": "NONE"}
    entry_count = len(service.ledger)
    assert service.rejection_codes(command) == [code]  # type: ignore[arg-type]
    assert len(service.ledger) == entry_count


def test_expiry_before_manufacture_is_rejected() -> None:
    """A corrected expiry must not precede the recorded manufacturing date."""
    service = InMemoryLots()
    service.handle(messages.receive(messages.received_lot("B-1", manufactured_on=date(2027, 1, 1))))
    assert service.rejection_codes(messages.correct_dates("B-1", date(2026, 12, 31))) == ["dates_out_of_order"]


def test_blocking_orders_are_named() -> None:
    """Allocated stock cannot be moved or written off; the rejection names the orders and a remedy."""
    service = lots_with_stock("B-1")
    service.allocate(("A-1", "B-1", SHELF), DemandRef("D-1", "SO-1", "1"), Decimal(4))
    for command in (messages.move("B-1", 7, RACK), messages.adjust("B-1", 7, "LOST")):
        [[violation]] = [result.violations for result in service.handle(command)]
        assert violation.code == "insufficient_stock"
        assert violation.blocked_by == ["/orders/SO-1"]
        assert "6 available, 4 allocated to SO-1" in violation.detail
        assert "release stock allocated to orders" in violation.problem_type.help
    assert service.rejection_codes(messages.move("B-1", 6, RACK), messages.move("B-1", 1, RACK)) == [
        None,
        "insufficient_stock",
    ]


def test_hold_names_allocated_and_picked_quantities() -> None:
    """A hold on a lot names its allocated and picked quantities by order."""
    service = lots_with_stock("B-1")
    demand_ref = DemandRef("D-1", "SO-1", "1")
    service.allocate(("A-1", "B-1", SHELF), demand_ref, Decimal(4))
    service.pick(service.uow.reservations["D-1", "B-1", SHELF], Decimal("1.5"))
    service.handle(messages.place_hold("B-1", "H-1"))
    service.handle(messages.place_hold("B-1", "H-2", SHELF))
    service.handle(messages.place_hold("B-1", "H-3", BIN))
    lot_event, shelf_event, bin_event = service.events_of(LotHoldPlaced)
    assert [(lot.quantity, lot.location, lot.order) for lot in lot_event.stock] == [
        (Decimal("2.5"), SHELF, "SO-1"), (Decimal("1.5"), None, "SO-1"),
    ]  # fmt: skip
    assert [lot.quantity for lot in shelf_event.stock] == [Decimal("2.5")]
    assert bin_event.stock == []


def test_unavoidable_lot_mixing_is_published() -> None:
    """Stock received at a location of another lot is accepted; the mix is published (S30)."""
    service = lots_with_stock("B-1", "B-2", "B-3")
    service.handle(messages.receive(messages.received_lot("B-3", 2), location=SHELF))
    service.handle(messages.receive(messages.received_lot("B-3", 1), location=BIN))
    service.handle(messages.receive(messages.received_lot("B-1", 2)))
    assert [(event.location, event.lots) for event in service.events_of(LotMixingDetected)] == [
        (SHELF, ["B-1", "B-3"]),
        (BIN, ["B-2", "B-3"]),
    ]
    assert service.quantities_at("B-3", SHELF) == (Decimal(2), Decimal(0))


def test_later_arrivals_are_held() -> None:
    """A hold on a lot covers later arrivals; a hold on a location covers stock moved there."""
    service = lots_with_stock("B-1")
    service.handle(messages.place_hold("B-1", "H-1"))
    service.handle(messages.receive(messages.received_lot("B-1", 5)))
    [result] = service.handle(messages.put_away("B-1", 5, RACK))
    assert isinstance(result.body, LotSnapshot)
    assert [location.on_hold for location in result.body.locations] == [True, True]
    service.handle(messages.request_allocation(1))
    assert [event.allocated for event in service.events_of(LotAllocated)] == [[]]


def test_hold_affects_only_its_product() -> None:
    """Stock released in the same batch stays available when another product's lot of that number is held (S08)."""
    service, other_messages = InMemoryLots(tracking={"A-1": "LOT", "A-2": "LOT"}), OrderMessages("A-2")
    service.handle(messages.request_allocation(1), other_messages.request_allocation(1))
    service.handle(
        messages.receive(messages.received_lot("B-1"), location=SHELF),
        other_messages.receive(other_messages.received_lot("B-1"), location=SHELF),
        messages.receive(messages.received_lot("B-1", hold_id="H-1")),
    )
    allocated = [(event.sku, lot.lot) for event in service.events_of(LotAllocated) for lot in event.allocated]
    assert allocated == [("A-2", "B-1")]
