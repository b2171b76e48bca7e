"""Customer returns: who may bring what back, and what becomes of it."""

from itertools import count
from typing import Any

import pytest

from services.receiving.receipts.domain.answers import Outcome
from services.receiving.receipts.domain.records import Unit
from services.receiving.returns import domain
from services.receiving.returns.domain import Book
from shared.contracts.commands.receiving import DisposeReturn, ReceiveReturn
from shared.contracts.receiving import ReturnDisposed, UnitReturned
from shared.contracts.serials import SerialMoved
from tests.unit.receiving.floor import NOW, codes, event


@pytest.fixture
def book() -> Book:
    """A and B went to Clinic on order SO; C went elsewhere; D is in the house."""
    out = {"state": "OUT", "customer": "CLINIC", "order": "SO"}
    units = [
        Unit("PUMP", "A", 5, **out),  # type: ignore[arg-type]
        Unit("PUMP", "B", 5, **out),  # type: ignore[arg-type]
        Unit("PUMP", "C", 5, **out | {"customer": "OTHER"}),  # type: ignore[arg-type]
        Unit("PUMP", "D", 2, "IN_HOUSE"),
    ]
    book = Book(
        NOW,
        (f"id-{number}" for number in count()),
        {"PUMP": "SERIAL", "SALT": "NONE", "MILK": "LOT"},
        {"EAST/DOCK": "DOCK", "EAST/A-1": "STORAGE"},
    )
    book.units.update({unit.key: unit for unit in units})
    return book


def receive(book: Book, *serials: str, **more: str) -> Outcome:
    """Take units back from Clinic."""
    named = {
        "return_id": "RMA", "order": "SO", "customer": "CLINIC", "sku": "PUMP", "serials": list(serials),
        "location": "EAST/DOCK", "reason": "broken",
    }  # fmt: skip
    return domain.receive(book, event(ReceiveReturn.model_validate(named | more)))


def dispose(book: Book, *serials: str, disposition: str = "RESTOCK", **more: Any) -> Outcome:
    """Decide on returned units."""
    named = {"return_id": "RMA", "serials": list(serials), "disposition": disposition, "reason": "looked at", **more}
    return domain.dispose(book, event(DisposeReturn.model_validate(named)))


def test_only_what_this_customer_got_on_this_order(book: Book) -> None:
    """Of a mixed return only the customer's units come back, on hold; each other one is refused, alone (S18)."""
    outcome = receive(book, "A", "C", "D", "X")
    (returned,) = outcome.events
    assert isinstance(returned, UnitReturned)
    assert (returned.serials, returned.versions, returned.hold) == (["A"], [6], "id-0")
    assert codes(outcome) == ["not_shipped_to_customer", "not_yet_known", "not_shipped_to_customer"]
    assert book.units["PUMP", "A"].state == "IN_HOUSE"


def test_once(book: Book) -> None:
    """A unit that came back cannot come back again before it is shipped again."""
    receive(book, "A")
    again = receive(book, "A", return_id="RMA2")
    assert (codes(again), again.refusals[0].blocked_by) == (["already_returned"], ["/returns/RMA"])
    shipped = SerialMoved(
        sku="PUMP", serials=["A"], versions=[9], from_status="PICKED", status="SHIPPED", reason="dispatched",
        order="SO2", customer="CLINIC",
    )  # fmt: skip
    assert domain.ship(book, [event(shipped)]) == []
    assert codes(receive(book, "A", return_id="RMA2")) == ["not_shipped_to_customer"]
    assert not codes(receive(book, "A", return_id="RMA2", order="SO2"))


def test_returns_that_cannot_be(book: Book) -> None:
    """An unknown product or place, a storage place, a unit named twice, another's return: refused whole."""
    assert codes(receive(book, "A", sku="NOPE")) == ["unknown_product"]
    assert codes(receive(book, "A", sku="SALT")) == ["not_serial_tracked"]
    assert codes(receive(book, "A", location="EAST/NOPE")) == ["unknown_location"]
    assert codes(receive(book, "A", location="EAST/A-1")) == ["wrong_location_type"]
    assert codes(receive(book, "A", "A")) == ["serial_repeated"]
    receive(book, "A")
    assert codes(receive(book, "C", customer="OTHER")) == ["document_exists"]


def test_disposition(book: Book) -> None:
    """Units are decided on once, by name or all that are left."""
    receive(book, "A", "B")
    assert codes(dispose(book, return_id="NOPE")) == ["unknown_return"]
    first = dispose(book, "A", "X", disposition="SCRAP")
    (disposed,) = first.events
    assert isinstance(disposed, ReturnDisposed)
    assert (disposed.serials, disposed.disposition, disposed.hold) == (["A"], "SCRAP", "id-0")
    assert codes(first) == ["not_in_return"]
    assert codes(dispose(book, "A")) == ["already_disposed"]
    (rest,) = dispose(book).events
    assert isinstance(rest, ReturnDisposed)
    assert rest.serials == ["B"]
    assert codes(dispose(book)) == ["already_disposed"]


def test_shipped_without_being_here(book: Book) -> None:
    """A departure of a unit that is not in the house here is a disagreement, and changes nothing."""
    before = dict(book.units)
    moved = SerialMoved(
        sku="PUMP", serials=["A", "X"], versions=[2, 2], from_status="PICKED", status="SHIPPED", reason="dispatched",
        order="SO", customer="CLINIC",
    )  # fmt: skip
    (unfit,) = domain.ship(book, [event(moved)])
    assert unfit.model_dump()["ids"] == ["A", "X"]
    assert dict(book.units) == before
