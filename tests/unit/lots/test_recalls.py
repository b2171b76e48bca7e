"""The products that match a recall, and the conditions of closing it."""

from collections.abc import Mapping
from typing import Any

import pytest

from services.lots.recalls.domain.close import OpenItemCounts, closing_violation
from services.lots.recalls.domain.limits import resolve
from services.lots.recalls.domain.matches import RecallMatch
from services.lots.recalls.domain.notices.ranges import IdentifierRange
from services.lots.recalls.domain.query import KnownLot, RecallLookup, RecallQuery
from shared.contracts.commands.lots import OpenRecall
from shared.contracts.problems import Code, ProblemDetail
from shared.contracts.recalls import RecallOpened
from shared.contracts.reference import Tracking
from tests.support.events import to_event
from tests.support.in_memory.lots import InMemoryLots

PRODUCTS: Mapping[str, Tracking] = {"MILK": "LOT", "SALT": "LOT", "PUMP": "SERIAL", "VALVE": "SERIAL"}


def recall_query(**fields: Any) -> RecallQuery:
    """The query of a command to open a recall."""
    return RecallQuery.from_command(OpenRecall.model_validate({"recall": "RC-1", "reason": "glass"} | fields))


def resolved_matches(
    query: RecallQuery, *known_lots: tuple[str, str], tracking_by_sku: Mapping[str, Tracking] = PRODUCTS
) -> dict[str, RecallMatch]:
    """The matches of a valid query by product."""
    serial_skus = [sku for sku, tracking in tracking_by_sku.items() if tracking == "SERIAL"]
    known = [KnownLot(sku, lot) for sku, lot in known_lots]
    matches = resolve(RecallLookup(query, tracking_by_sku, serial_skus, known))
    assert isinstance(matches, dict)
    return matches


def rejection_code(query: RecallQuery) -> Code:
    """The code with which a query is rejected."""
    violation = resolve(RecallLookup(query, PRODUCTS, ["PUMP", "VALVE"], ()))
    assert isinstance(violation, ProblemDetail)
    return violation.code


def test_named_lot_matches_even_if_unknown() -> None:
    """A lot named with its product matches even if unknown: later receipts are also held (S46)."""
    matches = resolved_matches(recall_query(lots=[{"sku": "MILK", "lot": "007"}]))
    assert {sku: list(match.lots) for sku, match in matches.items()} == {"MILK": ["007"]}


def test_lot_without_product_is_searched_everywhere() -> None:
    """A lot without product matches known lots of any product and is delegated for serial-tracked products (S46)."""
    matches = resolved_matches(recall_query(lots=[{"lot": "007"}]), ("MILK", "007"), ("SALT", "007"))
    assert {sku: list(match.lots) for sku, match in matches.items()} == {sku: ["007"] for sku in PRODUCTS}


def test_pasted_text_is_searched_in_the_named_products() -> None:
    """Pasted text is searched in all products, or in the named products only (S46)."""
    text = "lots 007 and A1 to A9"
    unscoped_matches = resolved_matches(recall_query(text=text), ("MILK", "007"))
    assert set(unscoped_matches) == {"MILK", "PUMP", "VALVE"}
    assert unscoped_matches["PUMP"].notice == text
    assert IdentifierRange("a1", "a9") in unscoped_matches["VALVE"].ranges
    assert set(resolved_matches(recall_query(text=text, skus=["MILK", "PUMP"]), ("MILK", "007"))) == {"MILK", "PUMP"}


def test_serials_and_ranges_are_delegated_to_the_serials_service() -> None:
    """Each serial product gets its own serials and ranges, and those without a product (S46)."""
    matches = resolved_matches(
        recall_query(
            serials=[{"sku": "PUMP", "serial": "SN-1"}, {"serial": "X"}],
            ranges=[{"sku": "VALVE", "first": "V1", "last": "V9"}],
        )
    )
    assert (list(matches["PUMP"].serials), list(matches["VALVE"].serials)) == (["SN-1", "X"], ["X"])
    assert list(matches["VALVE"].ranges) == [IdentifierRange("v1", "v9")]


def range_text(letter: str, number: int) -> str:
    """A text with a number of ranges."""
    return " ".join(f"{letter}{index * 10:04} to {letter}{index * 10 + 5:04}" for index in range(number))


def ranges_of(sku: str, number: int) -> list[dict[str, str]]:
    """A number of ranges of one product."""
    return [{"sku": sku, "first": f"B{index * 10:04}", "last": f"B{index * 10 + 5:04}"} for index in range(number)]


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"lots": [{"sku": "UNKNOWN", "lot": "1"}]}, Code.PRODUCT_NOT_FOUND),
        ({"serials": [{"sku": "MILK", "serial": "1"}]}, Code.NOT_SERIAL_TRACKED),
        ({"text": "lot 1", "skus": ["MILK"]}, Code.RECALL_NO_MATCH),
        ({"text": range_text("A", 450), "skus": ["PUMP"], "ranges": ranges_of("PUMP", 60)}, Code.RECALL_TOO_BROAD),
        ({"text": range_text("A", 450), "skus": ["MILK"], "ranges": ranges_of("MILK", 60)}, Code.RECALL_TOO_BROAD),
    ],
)
def test_invalid_recalls_are_rejected(fields: Any, code: Code) -> None:
    """Queries that are empty, too broad, or do not fit the product's tracking are rejected (S46)."""
    assert rejection_code(recall_query(**fields)) == code


def test_recall_exceeding_the_event_limit_is_rejected() -> None:
    """A recall that exceeds the lot limit is rejected with the product's SKU (S46)."""
    known_lots = [KnownLot("MILK", f"L{number}") for number in range(501)]
    violation = resolve(RecallLookup(recall_query(text="1"), PRODUCTS, [], known_lots))
    assert isinstance(violation, ProblemDetail)
    assert (violation.code, violation.ids) == (Code.RECALL_TOO_BROAD, ["MILK"])


def test_unscoped_notice_product_limit() -> None:
    """A notice of usual length searches thousands of products; a longer one is rejected with a remedy (S46)."""
    skus = [f"P{number}" for number in range(6_000)]
    products: dict[str, Tracking] = dict.fromkeys(skus, "SERIAL")
    assert set(resolved_matches(recall_query(text=" ".join(map(str, range(50)))), tracking_by_sku=products)) == set(
        skus
    )
    violation = resolve(RecallLookup(recall_query(text=" ".join(map(str, range(2_000)))), products, skus, ()))
    assert isinstance(violation, ProblemDetail)
    assert (violation.code, violation.detail.split(":")[0]) == (
        Code.RECALL_TOO_BROAD, "More than 2130 serial-tracked products, too many for a text of this length",
    )  # fmt: skip


def test_one_event_per_product() -> None:
    """A recall opens with one event per product; the hold id is the recall id (S46)."""
    query = recall_query(text="007", lots=[{"sku": "SALT", "lot": "1"}], mock=True)
    service, event = InMemoryLots(), to_event(query.command)
    service.uow.lookups[event.cause] = RecallLookup(query, PRODUCTS, ["PUMP", "VALVE"], [KnownLot("MILK", "007")])
    service.handle_events([event])
    assert [
        (opened.sku, opened.tracking, opened.hold_id, opened.mock) for opened in service.events_of(RecallOpened)
    ] == [(sku, PRODUCTS[sku], "RC-1", True) for sku in ("MILK", "PUMP", "SALT", "VALVE")]


@pytest.mark.parametrize(
    ("open_field", "path"), [("unanswered", ""), ("stock", "/stock"), ("orders", "/orders"), ("contacts", "/contacts")]
)
def test_recall_closes_when_nothing_is_open(open_field: str, path: str) -> None:
    """Each open item blocks closing and is named with its path; a mock recall can always close (S46)."""
    no_open_items = OpenItemCounts(mock=False, unanswered=0, stock=0, orders=0, contacts=0)
    assert closing_violation("RC-1", no_open_items) is None
    open_items = OpenItemCounts(**{**no_open_items._asdict(), open_field: 2})
    violation = closing_violation("RC-1", open_items)
    assert violation is not None
    assert violation.blocked_by == [f"/recalls/RC-1{path}"]
    assert closing_violation("RC-1", open_items._replace(mock=True)) is None
