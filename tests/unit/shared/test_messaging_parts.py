"""Circuit breaker, error categories, splitting by cost, quantities, cursors, logging."""

import json
import logging
from contextvars import copy_context
from datetime import datetime
from decimal import Decimal

import pytest
from aiokafka import TopicPartition
from asyncpg.exceptions import TargetServerAttributeNotMatched
from pydantic import TypeAdapter, ValidationError
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from shared.contracts.fulfillment import CartonPacked
from shared.contracts.upstream import AsnAnnounced, OrderPlaced
from shared.http.pages import decode_cursor, encode_cursor, paginate, select_list
from shared.http.problems import ProblemError
from shared.identifiers import Quantity, Timestamp, rfc3339
from shared.messaging.breaker import CircuitBreaker
from shared.messaging.decode import Decoder
from shared.messaging.work import RETRY_COST, WorkItem, offset_range, split_by_cost
from shared.ops.telemetry import RateLimitFilter, SingleLineFormatter
from shared.persistence.errors import ConcurrentUpdateError, ErrorCategory, categorise_error
from tests.support.events import encode_message
from tests.support.records import build_record
from tests.support.toy.messages import Arrived, Unhandled

QUANTITY: TypeAdapter[Decimal] = TypeAdapter(Quantity)
PARTITION, OTHER_PARTITION = TopicPartition("toy.arrivals", 0), TopicPartition("toy.arrivals", 1)


def outcomes(
    malformed: str, first_offset: int = 0, partition: TopicPartition = PARTITION
) -> list[tuple[TopicPartition, int, bool]]:
    """Create outcomes of consecutive records; `x` is malformed."""
    return [(partition, first_offset + number, mark == "x") for number, mark in enumerate(malformed)]


def test_breaker_trips_above_the_malformed_ratio() -> None:
    """The breaker trips above one half of at least a hundred records of one partition."""
    breaker = CircuitBreaker()
    assert breaker.find_trip(outcomes("x" * 99)) is None
    assert breaker.find_trip(outcomes("x" * 100)) == (PARTITION, 99, True)
    assert breaker.find_trip(outcomes(".x" * 200)) is None
    assert breaker.find_trip([*outcomes("x" * 60), *outcomes("x" * 60, partition=OTHER_PARTITION)]) is None
    breaker.record_outcomes(outcomes("x" * 90))
    assert breaker.find_trip(outcomes("x" * 9, 90)) is None
    assert breaker.find_trip(outcomes("x" * 10, 90)) == (PARTITION, 99, True)


def test_breaker_window_and_operator_reset() -> None:
    """Only the last two hundred records count, without those accepted by an operator."""
    breaker = CircuitBreaker()
    breaker.record_outcomes(outcomes("x" * 99 + "." * 200))
    assert breaker.find_trip(outcomes("x" * 100, 299)) is None
    assert breaker.find_trip(outcomes("x" * 101, 299)) == (PARTITION, 399, True)
    breaker.reset_until(PARTITION, 500)
    assert breaker.find_trip(outcomes("x" * 300, 300)) is None
    assert breaker.find_trip(outcomes("x" * 301, 300)) == (PARTITION, 600, True)
    breaker.record_outcomes(outcomes("x" * 300, 300))
    assert breaker.find_trip(outcomes("x", 600)) == (PARTITION, 600, True)


class DriverError(Exception):
    """An error of the database driver."""

    def __init__(self, sqlstate: str) -> None:
        self.sqlstate = sqlstate


@pytest.mark.parametrize(
    ("error", "category"),
    [
        (DBAPIError("", {}, DriverError("40P01")), ErrorCategory.CONFLICT),
        (DBAPIError("", {}, DriverError("40001")), ErrorCategory.CONFLICT),
        (DBAPIError("", {}, DriverError("23505")), ErrorCategory.CONFLICT),
        (ConcurrentUpdateError(), ErrorCategory.CONFLICT),
        (DBAPIError("", {}, DriverError("57P01")), ErrorCategory.UNAVAILABLE),
        (DBAPIError("", {}, DriverError("08006")), ErrorCategory.UNAVAILABLE),
        (DBAPIError("", {}, DriverError("25P03")), ErrorCategory.UNAVAILABLE),
        (DBAPIError("", {}, DriverError("53100")), ErrorCategory.UNAVAILABLE),
        (DBAPIError("", {}, Exception(), connection_invalidated=True), ErrorCategory.UNAVAILABLE),
        (DriverError("57P03"), ErrorCategory.UNAVAILABLE),
        (PoolTimeout(), ErrorCategory.UNAVAILABLE),
        (ConnectionRefusedError(), ErrorCategory.UNAVAILABLE),
        (TimeoutError(), ErrorCategory.UNAVAILABLE),
        (DBAPIError("", {}, DriverError("23514")), ErrorCategory.BUG),
        (DBAPIError("", {}, DriverError("42703")), ErrorCategory.BUG),
        (DBAPIError("", {}, DriverError("22003")), ErrorCategory.BUG),
        (DBAPIError("", {}, Exception("invalid input for query argument")), ErrorCategory.BUG),
        *(
            (DBAPIError("", {}, DriverError(code)), ErrorCategory.UNAVAILABLE)
            for code in (
                "25006",
                "42501",
                "XX000",
                "XX001",
                "0A000",
                "26000",
                "42P05",
                "55000",
                "25P02",
                "40003",
                "54000",
            )
        ),
        (TargetServerAttributeNotMatched(), ErrorCategory.UNAVAILABLE),
        (KeyError("x"), ErrorCategory.BUG),
    ],
)
def test_errors_are_categorised(error: BaseException, category: ErrorCategory) -> None:
    """Errors are categorised by SQLSTATE and type."""
    assert categorise_error(error) is category


def work_item(offset: int, units: int, partition: int = 0) -> WorkItem:
    """Create a work item with a number of units."""
    value = encode_message(Arrived(box="A", serials=[str(unit) for unit in range(units)]))
    record = build_record(value, partition=partition, offset=offset)
    return WorkItem(record, event=Decoder({Arrived.TYPE: Arrived}).decode(record))  # type: ignore[arg-type]


def test_work_is_split_by_cost() -> None:
    """Chunks have a maximum cost of 5 000; a dead letter costs one."""
    assert [len(chunk) for chunk in split_by_cost([work_item(offset, 500) for offset in range(11)])] == [10, 1]
    assert [
        len(chunk) for chunk in split_by_cost([WorkItem(work_item(offset, 1).record) for offset in range(5001)])
    ] == [5000, 1]
    assert [len(chunk) for chunk in split_by_cost([work_item(offset, 60) for offset in range(3)], RETRY_COST)] == [
        1,
        1,
        1,
    ]
    assert list(split_by_cost([])) == []


def test_offset_range_of_a_batch() -> None:
    """The range has the first offset of each partition and the offset after its last record."""
    records = [work_item(offset, 1, partition).record for offset, partition in ((7, 0), (8, 0), (3, 1))]
    assert offset_range(records) == ({PARTITION: 7, OTHER_PARTITION: 3}, {PARTITION: 9, OTHER_PARTITION: 4})


def test_message_cost() -> None:
    """The cost is the number of items or the cost of the lines; a message without items costs one (S40)."""
    assert Arrived(box="A", serials=["1", "2"]).cost() == 2
    unit = {"line": "1", "sku": "A", "serial": "1"}
    assert CartonPacked.model_validate({"order": "O", "carton": "C", "units": [unit] * 3}).cost() == 3
    lines = [{"line": "1", "sku": "A", "quantity": 1}, {"line": "2", "sku": "B", "quantity": 9}]
    placed = {"order": "O", "warehouse": "EAST", "customer": {"id": "C"}, "lines": lines}
    assert OrderPlaced.model_validate(placed).cost() == 6
    asn = {"receipt": "R", "warehouse": "EAST", "lines": [lines[0], lines[1] | {"serials": list("123456789")}]}
    assert AsnAnnounced.model_validate(asn).cost() == 3 + 9
    assert Unhandled(box="A").cost() == 1


@pytest.mark.parametrize("text", ["0.1", '"0.1"', "1e3", '"1000000"', "123456.123456", '"0.000001"', "1.10"])
def test_quantities_are_exact(text: str) -> None:
    """Quantities as JSON numbers or strings are not rounded on input or output."""
    quantity = QUANTITY.validate_json(text)
    assert quantity == Decimal(text.strip('"'))
    assert json.loads(QUANTITY.dump_json(quantity), parse_float=Decimal) == quantity


@pytest.mark.parametrize(
    "text", ['"1e3"', '"+1"', '" 1"', '"1_0"', '"1."', '".5"', '"0.0000001"', '"12345678"', "true"]
)
def test_quantity_strings_are_plain_digits(text: str) -> None:
    """Signs, exponents, spaces, grouping and too many digits are rejected."""
    with pytest.raises(ValidationError):
        QUANTITY.validate_json(text)


def test_timestamps_are_in_utc() -> None:
    """Timestamps are stored and formatted in UTC with `Z`, whatever their offset."""
    adapter: TypeAdapter[datetime] = TypeAdapter(Timestamp)
    timestamp = adapter.validate_json('"2026-01-01T00:30:00+02:00"')
    assert adapter.dump_json(timestamp) == b'"2025-12-31T22:30:00Z"'
    assert rfc3339(timestamp) == "2025-12-31T22:30:00Z"


def test_cursor_round_trip() -> None:
    """Cursors are decoded with the types of their parts; any other value is rejected."""
    assert decode_cursor(encode_cursor("a/b", 3), str, int) == ("a/b", 3)
    assert decode_cursor(None, str) is None
    for invalid in ("", "x", "é", encode_cursor("a"), encode_cursor(3, "a"), encode_cursor("a", 3, 4), "bnVsbA"):
        with pytest.raises(ProblemError):
            decode_cursor(invalid, str, int)
    first_page = paginate([1, 2, 3], 2, str, lambda row: (row,))
    assert (first_page.items, decode_cursor(first_page.next, int)) == (["1", "2"], (2,))
    assert paginate([1, 2], 2, str, lambda row: (row,)).next is None


def test_cursor_of_an_embedded_page_belongs_to_its_list() -> None:
    """A resource that embeds the first page of a list issues cursors of that list only."""

    def issue_and_use() -> None:
        select_list("/receipts/R/lines")
        cursor = encode_cursor("a")
        assert decode_cursor(cursor, str) == ("a",)
        select_list("/receipts/S/lines")
        with pytest.raises(ProblemError):
            decode_cursor(cursor, str)

    copy_context().run(issue_and_use)


def test_repeated_log_messages_are_rate_limited() -> None:
    """Equal messages of a logger are rate-limited; records are formatted as one line."""
    rate_limit = RateLimitFilter(interval=60)
    repeated = [logging.LogRecord("aiokafka", 30, "", 0, "away from %s", (host,), None) for host in ("a", "b")]
    assert [bool(rate_limit.filter(record)) for record in repeated] == [True, False]
    assert rate_limit.filter(logging.LogRecord("aiokafka", 30, "", 0, "back", (), None))
    assert SingleLineFormatter("%(message)s").format(logging.LogRecord("x", 30, "", 0, "a\nb", (), None)) == "a\\nb"
