"""Small parts of the line: the breaker, what errors mean, cuts by weight, cursors, sparing logs."""

import json
import logging
from datetime import datetime
from decimal import Decimal

import pytest
from aiokafka import ConsumerRecord, TopicPartition
from pydantic import TypeAdapter, ValidationError
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from shared.consumer.breaker import Breaker
from shared.consumer.decode import Decoder
from shared.consumer.work import CAREFUL_WEIGHT, Item, cut, span
from shared.contracts.fulfillment import CartonPacked
from shared.contracts.upstream import AsnAnnounced, OrderPlaced
from shared.database import LostRaceError, Trouble, trouble
from shared.http.pages import cursor, page, parts
from shared.http.problems import Problem
from shared.identifiers import Moment, Quantity, rfc3339
from shared.telemetry import OneLine, Sparing
from tests.shared.conftest import message
from tests.shared.toy.messages import Arrived, Unheard

QUANTITY: TypeAdapter[Decimal] = TypeAdapter(Quantity)
AT, OTHER = TopicPartition("toy.news", 0), TopicPartition("toy.news", 1)


def outcomes(malformed: str, first: int = 0, at: TopicPartition = AT) -> list[tuple[TopicPartition, int, bool]]:
    """Records in order, `x` a malformed one."""
    return [(at, first + number, letter == "x") for number, letter in enumerate(malformed)]


def test_the_breaker_trips_when_more_than_half_is_malformed() -> None:
    """Not before a hundred were seen, not at half; only the partition concerned counts."""
    breaker = Breaker()
    assert breaker.trips(outcomes("x" * 99)) is None
    assert breaker.trips(outcomes("x" * 100)) == (AT, 99, True)
    assert breaker.trips(outcomes(".x" * 200)) is None
    assert breaker.trips([*outcomes("x" * 60), *outcomes("x" * 60, at=OTHER)]) is None
    breaker.count(outcomes("x" * 90))
    assert breaker.trips(outcomes("x" * 9, 90)) is None
    assert breaker.trips(outcomes("x" * 10, 90)) == (AT, 99, True)


def test_the_breaker_forgets_what_is_long_past_and_obeys_an_operator() -> None:
    """Two hundred good records later the old ones count no more; those let pass up to an offset do not count at all."""
    breaker = Breaker()
    breaker.count(outcomes("x" * 99 + "." * 200))
    assert breaker.trips(outcomes("x" * 100, 299)) is None
    assert breaker.trips(outcomes("x" * 101, 299)) == (AT, 399, True)
    breaker.allow(AT, 500)
    assert breaker.trips(outcomes("x" * 300, 300)) is None
    assert breaker.trips(outcomes("x" * 301, 300)) == (AT, 600, True)
    breaker.count(outcomes("x" * 300, 300))
    assert breaker.trips(outcomes("x", 600)) == (AT, 600, True)


class Driver(Exception):  # noqa: N818 - stands for what the driver raises
    """An error as the database's driver raises it."""

    def __init__(self, sqlstate: str) -> None:
        self.sqlstate = sqlstate


@pytest.mark.parametrize(
    ("error", "means"),
    [
        (DBAPIError("", {}, Driver("40P01")), Trouble.LOST_RACE),
        (DBAPIError("", {}, Driver("40001")), Trouble.LOST_RACE),
        (DBAPIError("", {}, Driver("23505")), Trouble.LOST_RACE),
        (LostRaceError(), Trouble.LOST_RACE),
        (DBAPIError("", {}, Driver("57P01")), Trouble.AWAY),
        (DBAPIError("", {}, Driver("08006")), Trouble.AWAY),
        (DBAPIError("", {}, Driver("25P03")), Trouble.AWAY),
        (DBAPIError("", {}, Driver("53100")), Trouble.AWAY),
        (DBAPIError("", {}, Exception(), connection_invalidated=True), Trouble.AWAY),
        (Driver("57P03"), Trouble.AWAY),
        (PoolTimeout(), Trouble.AWAY),
        (ConnectionRefusedError(), Trouble.AWAY),
        (TimeoutError(), Trouble.AWAY),
        (DBAPIError("", {}, Driver("23514")), Trouble.BUG),
        (DBAPIError("", {}, Driver("42501")), Trouble.BUG),
        (KeyError("x"), Trouble.BUG),
    ],
)
def test_an_error_is_waited_out_decided_again_or_a_bug(error: BaseException, means: Trouble) -> None:
    """By SQLSTATE and kind."""
    assert trouble(error) is means


def item(offset: int, units: int, partition: int = 0) -> Item:
    """An item that moves so many units."""
    value = message(Arrived(box="A", serials=[str(unit) for unit in range(units)]))
    record = ConsumerRecord("toy.news", partition, offset, 0, 0, b"A", value, None, 0, 0, ())
    return Item(record, event=Decoder({Arrived.TYPE: Arrived}).decode(record))  # type: ignore[arg-type]


def test_transactions_are_cut_by_the_units_they_move() -> None:
    """Eleven times 500 units are cut after 5 000; a dead letter weighs one."""
    assert [len(piece) for piece in cut([item(offset, 500) for offset in range(11)])] == [10, 1]
    assert [len(piece) for piece in cut([Item(item(offset, 1).record) for offset in range(5001)])] == [5000, 1]
    assert [len(piece) for piece in cut([item(offset, 60) for offset in range(3)], CAREFUL_WEIGHT)] == [1, 1, 1]
    assert list(cut([])) == []


def test_a_batch_spans_its_partitions() -> None:
    """The first offset of each partition, to go back to, and the one after its last, to ack."""
    records = [item(offset, 1, partition).record for offset, partition in ((7, 0), (8, 0), (3, 1))]
    assert span(records) == ({AT: 7, OTHER: 3}, {AT: 9, OTHER: 4})


def test_a_message_weighs_its_units() -> None:
    """Whatever list they stand in, and its lines; a message without units weighs one (S40)."""
    assert Arrived(box="A", serials=["1", "2"]).weight() == 2
    unit = {"line": "1", "sku": "A", "serial": "1"}
    assert CartonPacked.model_validate({"order": "O", "carton": "C", "units": [unit] * 3}).weight() == 3
    lines = [{"line": "1", "sku": "A", "quantity": 1}, {"line": "2", "sku": "B", "quantity": 9}]
    placed = {"order": "O", "warehouse": "EAST", "customer": {"id": "C"}, "lines": lines}
    assert OrderPlaced.model_validate(placed).weight() == 6
    named = {"receipt": "R", "warehouse": "EAST", "lines": [lines[0], lines[1] | {"serials": list("123456789")}]}
    assert AsnAnnounced.model_validate(named).weight() == 3 + 9
    assert Unheard(box="A").weight() == 1


@pytest.mark.parametrize("written", ["0.1", '"0.1"', "1e3", '"1000000"', "123456.123456", '"0.000001"', "1.10"])
def test_a_quantity_is_exact(written: str) -> None:
    """A JSON number or plain digits in a string, with no rounding on the way in or out."""
    quantity = QUANTITY.validate_json(written)
    assert quantity == Decimal(written.strip('"'))
    assert json.loads(QUANTITY.dump_json(quantity), parse_float=Decimal) == quantity


@pytest.mark.parametrize(
    "written", ['"1e3"', '"+1"', '" 1"', '"1_0"', '"1."', '".5"', '"0.0000001"', '"12345678"', "true"]
)
def test_a_quantity_in_a_string_is_plain_digits(written: str) -> None:
    """Signs, exponents, blanks, grouping, too many digits: no quantity."""
    with pytest.raises(ValidationError):
        QUANTITY.validate_json(written)


def test_times_are_in_utc() -> None:
    """Whatever offset a time comes with, it is kept and shown in UTC with `Z`, in a CSV file too."""
    moment: TypeAdapter[datetime] = TypeAdapter(Moment)
    came = moment.validate_json('"2026-01-01T00:30:00+02:00"')
    assert moment.dump_json(came) == b'"2025-12-31T22:30:00Z"'
    assert rfc3339(came) == "2025-12-31T22:30:00Z"


def test_a_cursor_is_taken_only_as_it_was_given() -> None:
    """Its parts come back with their types; anything else is malformed."""
    assert parts(cursor("a/b", 3), str, int) == ("a/b", 3)
    assert parts(None, str) is None
    for wrong in ("", "x", "é", cursor("a"), cursor(3, "a"), cursor("a", 3, 4), "bnVsbA"):
        with pytest.raises(Problem):
            parts(wrong, str, int)
    shown = page([1, 2, 3], 2, str, lambda row: (row,))
    assert (shown.items, parts(shown.next, int)) == (["1", "2"], (2,))
    assert page([1, 2], 2, str, lambda row: (row,)).next is None


def test_a_client_without_its_broker_says_so_once_in_a_while() -> None:
    """The same message of a logger is let through once; another is, too; a line stays one line."""
    sparing = Sparing(every=60)
    same = [logging.LogRecord("aiokafka", 30, "", 0, "away from %s", (host,), None) for host in ("a", "b")]
    assert [bool(sparing.filter(record)) for record in same] == [True, False]
    assert sparing.filter(logging.LogRecord("aiokafka", 30, "", 0, "back", (), None))
    assert OneLine("%(message)s").format(logging.LogRecord("x", 30, "", 0, "a\nb", (), None)) == "a\\nb"
