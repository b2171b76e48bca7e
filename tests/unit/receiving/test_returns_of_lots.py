"""Customer returns of lots: at most what was shipped, and parts of it decided differently."""

from itertools import count
from typing import Any

import pytest

from services.receiving.receipts.domain.answers import Outcome
from services.receiving.returns import domain
from services.receiving.returns.domain import Book
from shared.contracts.commands.receiving import DisposeReturn, ReceiveReturn
from shared.contracts.lots import LotShipped
from shared.contracts.receiving import StockDisposed, StockReturned
from tests.unit.receiving.floor import NOW, codes, event


@pytest.fixture
def book() -> Book:
    """Clinic got 10 of lot A and 5 of B on order SO, in two shipments; Other got 7 of A."""
    book = Book(
        NOW,
        (f"id-{number}" for number in count()),
        {"PUMP": "SERIAL", "SALT": "NONE", "MILK": "LOT", "BUTTER": "LOT"},
        {"EAST/DOCK": "DOCK", "EAST/QA": "STAGING", "EAST/A-1": "STORAGE"},
    )
    shipments = [shipped("SO", "CLINIC", A=6), shipped("SO", "CLINIC", A=4, B=5), shipped("S2", "OTHER", A=7)]
    domain.ship_lots(book, [event(one) for one in shipments])
    return book


def shipped(order: str, customer: str, sku: str = "MILK", **lots: float) -> LotShipped:
    """The word of lots that quantities have left."""
    named = {"sku": sku, "order": order, "line": "1", "shipment": "SH", "customer": customer}
    return LotShipped.model_validate(named | {"lots": [{"lot": lot, "quantity": q} for lot, q in lots.items()]})


def receive(book: Book, lots: dict[str, float], **more: Any) -> Outcome:
    """Take lots back from Clinic."""
    named = {
        "return_id": "RMA", "order": "SO", "customer": "CLINIC", "sku": "MILK", "location": "EAST/DOCK",
        "reason": "sour",
    }  # fmt: skip
    named["lots"] = [{"lot": lot, "quantity": quantity} for lot, quantity in lots.items()]  # type: ignore[assignment]
    return domain.receive(book, event(ReceiveReturn.model_validate(named | more)))


def dispose(book: Book, lots: dict[str, float], disposition: str = "RESTOCK", **more: Any) -> Outcome:
    """Decide on returned lots."""
    named = {"return_id": "RMA", "disposition": disposition, "reason": "tasted"}
    named["lots"] = [{"lot": lot, "quantity": quantity} for lot, quantity in lots.items()]  # type: ignore[assignment]
    return domain.dispose(book, event(DisposeReturn.model_validate(named | more)))


def decided(outcome: Outcome) -> list[Any]:
    """What was told to be disposed, by place."""
    facts = [fact for fact in outcome.events if isinstance(fact, StockDisposed)]
    return [(fact.location, fact.disposition, [(one.lot, one.quantity) for one in fact.lots]) for fact in facts]


def test_only_what_this_customer_got_on_this_order(book: Book) -> None:
    """Of a mixed return only what the customer got comes back, on hold; each other lot is refused, alone."""
    outcome = receive(book, {"A": 4, "B": 6})
    (returned,) = outcome.events
    assert isinstance(returned, StockReturned)
    assert [(one.lot, int(one.quantity)) for one in returned.lots] == [("A", 4)]
    assert returned.hold == "id-0"
    (refusal,) = outcome.refusals
    assert (refusal.code, refusal.ids) == ("not_shipped_to_customer", ["B"])
    assert "6 of B, 5 shipped and 0 back" in refusal.detail
    assert codes(receive(book, {"A": 7}, order="S2")) == ["document_exists"]
    assert codes(receive(book, {"A": 1}, order="S2", return_id="X")) == ["not_shipped_to_customer"]


def test_what_is_not_known_to_have_left(book: Book) -> None:
    """Of a lot that nothing is known of on that order news may be under way; less, or to another, is final (S18)."""
    outcome = receive(book, {"A": 4, "B": 6, "C": 1})
    refused = [(str(no.code), no.ids) for no in outcome.refusals]
    assert refused == [("not_shipped_to_customer", ["B"]), ("not_yet_known", ["C"])]
    assert codes(receive(book, {"A": 1}, order="S9", return_id="X")) == ["not_yet_known"]
    assert codes(receive(book, {"A": 1}, customer="OTHER", return_id="X")) == ["not_shipped_to_customer"]
    domain.ship_lots(book, [event(shipped("SO", "CLINIC", C=1))])
    assert not codes(receive(book, {"C": 1}))


def test_at_most_what_is_not_back_yet(book: Book) -> None:
    """What came back cannot come back again; the refusal says how much did, and with which return."""
    receive(book, {"A": 8})
    again = receive(book, {"A": 3}, return_id="RMA2")
    assert (codes(again), again.refusals[0].blocked_by) == (["already_returned"], ["/returns/RMA"])
    assert "3 of A, 10 shipped and 8 back" in again.refusals[0].detail
    assert not codes(receive(book, {"A": 2}, return_id="RMA2"))
    assert codes(receive(book, {"A": "0.000001"}, return_id="RMA3")) == ["already_returned"]  # type: ignore[dict-item]


def test_returns_that_cannot_be(book: Book) -> None:
    """A lot of a product without lots, no lot of one with lots, one lot twice, a wrong place: refused whole."""
    assert codes(receive(book, {"A": 1}, sku="PUMP")) == ["serials_missing"]
    assert codes(receive(book, {"A": 1}, sku="SALT")) == ["lot_not_tracked"]
    assert codes(receive(book, {"": 1})) == ["lot_missing"]
    assert codes(receive(book, {"A": 1}, location="EAST/A-1")) == ["wrong_location_type"]
    twice = ReceiveReturn.model_validate(
        {
            "return_id": "RMA", "order": "SO", "customer": "CLINIC", "sku": "MILK", "location": "EAST/DOCK",
            "reason": "sour", "lots": [{"lot": "A", "quantity": 1}, {"lot": "A", "quantity": 1}],
        }
    )  # fmt: skip
    assert codes(domain.receive(book, event(twice))) == ["lot_repeated"]


def test_a_lot_of_another_product(book: Book) -> None:
    """A lot number shipped under one product does not come back under another."""
    assert codes(receive(book, {"A": 1}, sku="BUTTER")) == ["not_yet_known"]


def test_untracked_goods_come_back_by_quantity(book: Book) -> None:
    """Goods without lots come back as the one lot that they are."""
    domain.ship_lots(book, [event(LotShipped.model_validate(
        {"sku": "SALT", "order": "SO", "line": "2", "shipment": "SH", "customer": "CLINIC",
         "lots": [{"quantity": "2.5"}]}
    ))])  # fmt: skip
    assert not codes(receive(book, {"": 2.5}, sku="SALT"))


def test_parts_are_decided_differently(book: Book) -> None:
    """Of one returned quantity a part goes back to stock and a part is scrapped; nothing is decided twice."""
    receive(book, {"A": 3})
    receive(book, {"A": 7, "B": 5}, location="EAST/QA")
    assert decided(dispose(book, {"A": 4})) == [
        ("EAST/DOCK", "RESTOCK", [("A", 3)]),
        ("EAST/QA", "RESTOCK", [("A", 1)]),
    ]
    assert decided(dispose(book, {"A": 2, "B": 5}, "SCRAP")) == [("EAST/QA", "SCRAP", [("A", 2), ("B", 5)])]
    more = dispose(book, {"A": 5, "B": 1, "C": 1})
    assert codes(more) == ["already_disposed", "already_disposed", "not_in_return"]
    assert "4 are undecided and 6 decided" in more.refusals[0].detail
    assert decided(dispose(book, {}, "SEND_BACK")) == [("EAST/QA", "SEND_BACK", [("A", 4)])]
    assert codes(dispose(book, {})) == ["already_disposed"]
    assert sum(one.quantity for one in book.dispositions) == 15


def test_a_lot_number_of_two_products_in_one_return(book: Book) -> None:
    """Where a return has one lot number of two products, the disposition has to name which."""
    domain.ship_lots(book, [event(shipped("SO", "CLINIC", "BUTTER", A=1))])
    receive(book, {"A": 1})
    receive(book, {"A": 1}, sku="BUTTER")
    assert codes(dispose(book, {"A": 1})) == ["malformed"]
    (fact,) = dispose(book, {"A": 1}, sku="BUTTER").events
    assert isinstance(fact, StockDisposed)
    assert fact.sku == "BUTTER"
