"""Corrections of lot numbers of goods that are on hold, recalled, returned or under investigation."""

from services.lots.recalls.domain.records import CriteriaMatch
from shared.contracts.lots import LotHoldPlaced
from tests.support.messages.lots import BIN, OUTBOUND, SHELF
from tests.unit.lots.test_number_corrections import RIGHT, WRONG, code_of, correct, messages, stock_of_orders, stored


def test_holds_of_the_wrong_number_stay_on_the_goods() -> None:
    """A hold cannot be escaped by another number: it stays where the goods are until it is released (S28)."""
    service = stored()
    service.handle(messages.place_hold(WRONG, "H-1"), messages.place_hold(WRONG, "H-2", BIN))
    body = correct(service, SHELF)
    assert [(hold.lot, hold.hold_id, hold.location) for hold in body.holds] == [
        (WRONG, "H-1", None), (WRONG, "H-2", BIN), (RIGHT, "H-1", SHELF),
    ]  # fmt: skip
    service.handle(messages.request_allocation(1, 2))
    assert not stock_of_orders(service)
    service.handle(messages.release_hold("H-1"))
    assert stock_of_orders(service) == {("ALLOCATED", RIGHT, SHELF, 2)}


def test_holds_of_the_right_number_apply() -> None:
    """Goods follow the holds of their right number; the event says which goods of orders are on hold."""
    service = stored(5, allocated=3, picked=1)
    service.handle(messages.receive(messages.received_lot(RIGHT, 1)), messages.place_hold(RIGHT, "H-1"))
    body = correct(service)
    assert {(part.status, part.on_hold) for part in body.stock} == {("ALLOCATED", True), ("PICKED", True)}


def test_picked_goods_on_hold() -> None:
    """Picked goods of a lot on hold are put back first: a hold at a location would not cover them."""
    service = stored(5, allocated=3, picked=1)
    service.handle(messages.place_hold(WRONG, "H-1"))
    assert code_of(service, OUTBOUND) == "on_hold"
    assert code_of(service, SHELF) is None


def test_a_recall_of_the_right_number() -> None:
    """Goods that get the number of a recall are held for it like received ones (S46)."""
    service = stored(5, allocated=3)
    service.uow.matches_by_lot["A-1", RIGHT] = [CriteriaMatch("RC-1", "A-1", RIGHT, "glass")]
    body = correct(service, SHELF)
    assert [(hold.hold_id, hold.kind, hold.location) for hold in body.holds] == [("RC-1", "RECALL", None)]
    (event,) = service.events_of(LotHoldPlaced)
    assert [(part.order, part.quantity) for part in event.stock] == [(messages.order_id(1), 3)]
    assert [(match.recall, match.lot) for match in service.uow.joined_lots] == [("RC-1", RIGHT)]


def test_a_rejected_correction_joins_no_recall() -> None:
    """A lot number that no goods get is no part of a recall (S46)."""
    service = stored(5)
    service.handle(messages.place_hold(WRONG, "H-1"))
    service.uow.matches_by_lot["A-1", RIGHT] = [CriteriaMatch("RC-1", "A-1", RIGHT, "glass")]
    assert code_of(service, SHELF, 6) == "insufficient_stock"
    assert not service.uow.joined_lots


def test_returned_goods_await_their_disposition() -> None:
    """Returned goods are disposed of before their number is corrected (S18)."""
    service = stored()
    service.handle(messages.return_from_customer(WRONG, 1, location=SHELF))
    assert code_of(service, SHELF) == "disposition_pending"
    assert code_of(service, SHELF, 5) is None


def test_goods_under_investigation_keep_their_number() -> None:
    """What a picker did not find is not there; a count settles it (S11)."""
    service = stored(5, allocated=2)
    service.handle(messages.deallocate(1, messages.lot_at_location(WRONG, 2), variance_id="V-1"))
    assert correct(service, SHELF).quantity == 3
    assert service.quantities_at(WRONG, SHELF)[0] == 2
    assert code_of(service, SHELF) == "insufficient_stock"
