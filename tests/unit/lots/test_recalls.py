"""What a recall touches, and when nothing of it is open any more."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from services.lots.recalls.domain.closing import StillOpen, why_not_closed
from services.lots.recalls.domain.notice import Range
from services.lots.recalls.domain.opening import Asked, Touched, resolve, said
from shared.contracts.commands.lots import OpenRecall
from shared.contracts.envelope import CloudEvent
from shared.contracts.problems import Code, Refusal
from shared.contracts.reference import Tracking

PRODUCTS: Mapping[str, Tracking] = {"MILK": "LOT", "SALT": "LOT", "PUMP": "SERIAL", "VALVE": "SERIAL"}


def asked(**wish: Any) -> Asked:
    """A request to open a recall."""
    data = OpenRecall.model_validate({"recall": "RC-1", "reason": "glass"} | wish)
    return Asked.by(
        CloudEvent(id="1", source="t", type=OpenRecall.TYPE, time=datetime(2027, 1, 1, tzinfo=UTC), data=data)
    )


def found(wish: Asked, *known: tuple[str, str], among: Mapping[str, Tracking] = PRODUCTS) -> dict[str, Touched]:
    """What it touches, where nothing is wrong with it."""
    touched = resolve(wish, among, [sku for sku, tracking in among.items() if tracking == "SERIAL"], known)
    assert isinstance(touched, dict)
    return touched


def refusal(wish: Asked) -> Code:
    """Why it is refused."""
    no = resolve(wish, PRODUCTS, ["PUMP", "VALVE"], ())
    assert isinstance(no, Refusal)
    return no.code


def test_a_named_lot_is_touched_whether_it_is_known_or_not() -> None:
    """What arrives of it later is to be held too (S46)."""
    touched = found(asked(lots=[{"sku": "MILK", "lot": "007"}]))
    assert {sku: list(of.lots) for sku, of in touched.items()} == {"MILK": ["007"]}


def test_a_lot_without_its_product_is_looked_for_everywhere() -> None:
    """Among the lots that are known, and by the registry among its serials' lots (S46)."""
    touched = found(asked(lots=[{"lot": "007"}]), ("MILK", "007"), ("SALT", "007"))
    assert {sku: list(of.lots) for sku, of in touched.items()} == {sku: ["007"] for sku in PRODUCTS}


def test_a_pasted_text_is_looked_for_where_it_may_be_meant() -> None:
    """Everywhere, or among the products that it is said to be about (S46)."""
    text = "lots 007 and A1 to A9"
    everywhere = found(asked(text=text), ("MILK", "007"))
    assert set(everywhere) == {"MILK", "PUMP", "VALVE"}
    assert "007" in everywhere["PUMP"].words
    assert Range("A1", "A9") in everywhere["VALVE"].ranges
    assert set(found(asked(text=text, skus=["MILK", "PUMP"]), ("MILK", "007"))) == {"MILK", "PUMP"}


def test_serials_and_ranges_go_to_the_registry() -> None:
    """Each product's own, and what names no product to all that have serials (S46)."""
    touched = found(
        asked(
            serials=[{"sku": "PUMP", "serial": "SN-1"}, {"serial": "X"}],
            ranges=[{"sku": "VALVE", "first": "V1", "last": "V9"}],
        )
    )
    assert (list(touched["PUMP"].serials), list(touched["VALVE"].serials)) == (["SN-1", "X"], ["X"])
    assert list(touched["VALVE"].ranges) == [Range("V1", "V9")]


def spans(letter: str, number: int) -> str:
    """A text that names so many ranges."""
    return " ".join(f"{letter}{it * 10:04} to {letter}{it * 10 + 5:04}" for it in range(number))


def many(sku: str, number: int) -> list[dict[str, str]]:
    """So many ranges of a product."""
    return [{"sku": sku, "first": f"B{it * 10:04}", "last": f"B{it * 10 + 5:04}"} for it in range(number)]


@pytest.mark.parametrize(
    ("wish", "code"),
    [
        ({"lots": [{"sku": "GONE", "lot": "1"}]}, Code.UNKNOWN_PRODUCT),
        ({"serials": [{"sku": "MILK", "serial": "1"}]}, Code.NOT_SERIAL_TRACKED),
        ({"text": "lot 1", "skus": ["MILK"]}, Code.RECALL_EMPTY),
        ({"text": " ".join(map(str, range(2_150))), "skus": ["MILK"]}, Code.RECALL_TOO_WIDE),
        ({"text": spans("A", 60), "skus": ["PUMP"], "ranges": many("PUMP", 60)}, Code.RECALL_TOO_WIDE),
        ({"text": spans("A", 60), "skus": ["MILK"], "ranges": many("MILK", 60)}, Code.RECALL_TOO_WIDE),
    ],
)
def test_what_cannot_be_recalled(wish: Any, code: Code) -> None:
    """Nothing at all, too much, or of a product that has no such things (S46)."""
    assert refusal(asked(**wish)) == code


def test_more_than_an_event_can_name_is_too_wide() -> None:
    """A recall of everything is refused, with the product that has too many lots (S46)."""
    no = resolve(asked(text="1"), PRODUCTS, [], [("MILK", f"L{n}") for n in range(501)])
    assert isinstance(no, Refusal)
    assert (no.code, no.ids) == (Code.RECALL_TOO_WIDE, ["MILK"])


def test_a_notice_for_all_products_has_room_for_many() -> None:
    """A notice of usual length is looked for in thousands of products; one too long for them says what helps (S46)."""
    skus = [f"P{n}" for n in range(6_000)]
    products: dict[str, Tracking] = dict.fromkeys(skus, "SERIAL")
    assert set(found(asked(text=" ".join(map(str, range(50)))), among=products)) == set(skus)
    no = resolve(asked(text=" ".join(map(str, range(500)))), products, skus, ())
    assert isinstance(no, Refusal)
    assert (no.code, no.detail.split(":")[0]) == (
        Code.RECALL_TOO_WIDE, "more than 1666 products have serials, too many for so many numbers at once",
    )  # fmt: skip


def test_each_product_is_told_once() -> None:
    """One message a product, under a hold that is called as the recall is (S46)."""
    wish = asked(text="007", lots=[{"sku": "SALT", "lot": "1"}], mock=True)
    facts = said(wish.event, found(wish, ("MILK", "007")), PRODUCTS)
    assert [(fact.sku, fact.tracking, fact.hold, fact.mock) for fact in facts] == [
        (sku, PRODUCTS[sku], "RC-1", True) for sku in ("MILK", "PUMP", "SALT", "VALVE")
    ]


@pytest.mark.parametrize("place", ["unanswered", "stock", "orders", "calls"])
def test_a_recall_closes_when_nothing_is_open(place: str) -> None:
    """Each thing that is open keeps it open, and is named with its page; a mock one holds nothing (S46)."""
    nothing = StillOpen(mock=False, unanswered=0, stock=0, orders=0, calls=0)
    assert why_not_closed("RC-1", nothing) is None
    left = StillOpen(**{**nothing._asdict(), place: 2})
    no = why_not_closed("RC-1", left)
    assert no is not None
    assert no.blocked_by == ["/recalls/RC-1" if place == "unanswered" else f"/recalls/RC-1/{place}"]
    assert why_not_closed("RC-1", left._replace(mock=True)) is None
