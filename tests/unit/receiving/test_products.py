"""Products and places: what may be said of them, and what is new in it."""

from typing import Any

import pytest

from services.receiving.locations import domain as places
from services.receiving.products import domain
from services.receiving.products.domain import Product
from shared.contracts.problems import Code
from shared.contracts.upstream import LifePolicy, LocationDefined, ProductDefined, WarehouseDefined

NO_DATE = LifePolicy(expiry_required=False)
PUMP = Product("PUMP", 3, "Pump", "each", "SERIAL", (("4006", 1),), NO_DATE, 0)


def wish(sku: str = "PUMP", **more: Any) -> ProductDefined:
    """Define a product."""
    return ProductDefined.model_validate({"sku": sku, "name": "Pump", **more})


def define(*wanted: ProductDefined, used: bool = False) -> list[domain.Defined]:
    """Define products where PUMP exists and owns barcode 4006."""
    return domain.define({"PUMP": PUMP}, {"4006": "PUMP"}, {"PUMP"} if used else set(), wanted)


@pytest.mark.parametrize(
    ("boxes", "tracking"), [({}, "NONE"), ({"serial_tracked": True}, "SERIAL"), ({"lot_tracked": True}, "LOT")]
)
def test_two_boxes(boxes: dict[str, Any], tracking: str) -> None:
    """The boxes say how a product is tracked: by serial, by lot, or not at all (S01, S02)."""
    (outcome,) = define(wish("NEW", **boxes))
    assert outcome.after is not None
    assert (outcome.after.tracking, outcome.after.version) == (tracking, 1)


def test_never_both() -> None:
    """A product tracked by serial and by lot is refused, new or not (S03)."""
    both: dict[str, Any] = {"serial_tracked": True, "lot_tracked": True}
    refusals = [outcome.refusal for outcome in define(wish("NEW", **both), wish(**both))]
    assert [refusal.code for refusal in refusals if refusal] == [Code.BOTH_TRACKINGS, Code.BOTH_TRACKINGS]


def test_switching_with_history() -> None:
    """Tracking cannot be switched once the product has history; before, and for all else, it can (S03)."""
    (refused,) = define(wish(), used=True)
    assert refused.refusal is not None
    assert refused.refusal.code is Code.PRODUCT_HAS_HISTORY
    (switched,) = define(wish())
    (renamed,) = define(wish(name="Infusion pump", serial_tracked=True), used=True)
    assert switched.after is not None
    assert renamed.after is not None
    assert (switched.after.tracking, renamed.after.name, renamed.after.version) == ("NONE", "Infusion pump", 4)


def test_the_same_again_changes_nothing() -> None:
    """A definition that says nothing new makes no version, whatever its decimals: serials are counted whole (S14)."""
    again = wish(serial_tracked=True, barcodes=[{"code": "4006"}], decimals=2)
    outcomes = define(again, again)
    assert [outcome.changed for outcome in outcomes] == [False, False]
    assert outcomes[0].after is PUMP


def test_what_days_of_life_mean() -> None:
    """Lots have an expiry unless they are said to have none, other goods only if they are said to (S24)."""
    lots, none, serials = define(
        wish("A", lot_tracked=True),
        wish("B", lot_tracked=True, life={"expiry_required": False}),
        wish("C", serial_tracked=True, life={"expiry_required": True}),
    )
    required = [outcome.after.said().life.expiry_required for outcome in (lots, none, serials) if outcome.after]
    assert required == [True, False, True]


def test_a_changed_policy_is_a_change() -> None:
    """Other days of life make a version; the same in another order do not."""
    life = {
        "min_life_at_receipt": 30, "expiring_days": [7, 30, 7],
        "customers": [{"customer": "B", "min_life_days": 9}, {"customer": "A", "min_life_days": 1}],
    }  # fmt: skip
    again = life | {"expiring_days": [30, 7], "customers": life["customers"][::-1]}  # type: ignore[index]
    outcomes = define(*(wish(serial_tracked=True, barcodes=[{"code": "4006"}], life=one) for one in (life, again)))
    assert [outcome.changed for outcome in outcomes] == [True, False]
    assert outcomes[0].after is not None
    assert (outcomes[0].after.version, outcomes[0].after.life.expiring_days) == (4, [30, 7])


def test_a_barcode_is_of_one_product() -> None:
    """Another's barcode is refused until that product gives it up, also within one batch."""
    theirs = wish("NEW", barcodes=[{"code": "4006", "quantity": 12}])
    refused, given_up, taken = define(theirs, wish(serial_tracked=True), theirs)
    assert refused.refusal is not None
    assert (refused.refusal.code, refused.refusal.blocked_by) == (Code.BARCODE_TAKEN, ["/products/PUMP"])
    assert given_up.after is not None
    assert taken.after is not None
    assert taken.after.barcodes == (("4006", 12),)
    (twice,) = define(wish("NEW", barcodes=[{"code": "1"}, {"code": "1", "quantity": 2}]))
    assert twice.refusal is not None


def test_places() -> None:
    """A warehouse needs a time zone that exists; a place may come before its warehouse; repeats change nothing."""
    wanted: list[WarehouseDefined | LocationDefined] = [
        WarehouseDefined(warehouse="EAST", name="East", time_zone="Mars/Base"),
        LocationDefined(location="EAST/DOCK", type="DOCK"),
        WarehouseDefined(warehouse="EAST", name="East", time_zone="Europe/Berlin"),
        LocationDefined(location="EAST/DOCK", type="DOCK"),
        LocationDefined(location="EAST/DOCK", type="STAGING"),
    ]
    outcomes = places.define({}, frozenset({"Europe/Berlin"}), wanted)
    assert outcomes[0].refusal is not None
    assert outcomes[0].refusal.code is Code.UNKNOWN_TIME_ZONE
    assert [outcome.changed for outcome in outcomes[1:]] == [True, True, False, True]
    assert [outcome.after.version for outcome in outcomes[1:] if outcome.after] == [1, 1, 1, 2]
