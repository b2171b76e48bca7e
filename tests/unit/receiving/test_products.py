"""Definitions of products, warehouses and locations."""

from typing import Any

import pytest

from services.receiving.locations import domain as places
from services.receiving.products import domain
from services.receiving.products.domain import Product
from shared.contracts.problems import Code
from shared.contracts.upstream import LocationDefined, ProductDefined, ShelfLifePolicy, WarehouseDefined

NO_DATE = ShelfLifePolicy(expiry_required=False)
PUMP = Product(
    sku="PUMP", version=3, name="Pump", unit="each", tracking="SERIAL", barcodes=(("4006", 1),), shelf_life=NO_DATE,
    decimals=0,
)  # fmt: skip


def definition(sku: str = "PUMP", **overrides: Any) -> ProductDefined:
    """A product definition."""
    return ProductDefined.model_validate({"sku": sku, "name": "Pump", **overrides})


def define_products(*definitions: ProductDefined, used: bool = False) -> list[domain.ProductDefinitionResult]:
    """Define products where PUMP exists and owns barcode 4006."""
    return domain.define_products({"PUMP": PUMP}, {"4006": "PUMP"}, {"PUMP"} if used else set(), definitions)


@pytest.mark.parametrize(
    ("boxes", "tracking"), [({}, "NONE"), ({"serial_tracked": True}, "SERIAL"), ({"lot_tracked": True}, "LOT")]
)
def test_flags_determine_tracking(boxes: dict[str, Any], tracking: str) -> None:
    """The flags determine tracking: by serial, by lot, or none (S01, S02)."""
    (result,) = define_products(definition("NEW", **boxes))
    assert result.after is not None
    assert (result.after.tracking, result.after.version) == (tracking, 1)


def test_both_trackings_are_rejected() -> None:
    """Tracking by both serial and lot is rejected, for new and existing products (S03)."""
    both_flags: dict[str, Any] = {"serial_tracked": True, "lot_tracked": True}
    violations = [
        result.violation for result in define_products(definition("NEW", **both_flags), definition(**both_flags))
    ]
    assert [violation.code for violation in violations if violation] == [
        Code.CONFLICTING_TRACKING,
        Code.CONFLICTING_TRACKING,
    ]


def test_tracking_cannot_change_once_in_use() -> None:
    """Tracking cannot change once the product is in use; before that, and everything else, can (S03)."""
    (rejected,) = define_products(definition(), used=True)
    assert rejected.violation is not None
    assert rejected.violation.code is Code.PRODUCT_IN_USE
    (switched,) = define_products(definition())
    (renamed,) = define_products(definition(name="Infusion pump", serial_tracked=True), used=True)
    assert switched.after is not None
    assert renamed.after is not None
    assert (switched.after.tracking, renamed.after.name, renamed.after.version) == ("NONE", "Infusion pump", 4)


def test_identical_definition_makes_no_version() -> None:
    """An identical definition makes no version; decimals of a serial-tracked product are ignored (S14)."""
    repeated = definition(serial_tracked=True, barcodes=[{"code": "4006"}], decimals=2)
    results = define_products(repeated, repeated)
    assert [result.is_changed for result in results] == [False, False]
    assert results[0].after is PUMP


def test_default_of_expiry_required() -> None:
    """An expiry is required by default for lot-tracked products only (S24)."""
    lots, none, serials = define_products(
        definition("A", lot_tracked=True),
        definition("B", lot_tracked=True, shelf_life={"expiry_required": False}),
        definition("C", serial_tracked=True, shelf_life={"expiry_required": True}),
    )
    required = [result.after.to_event().shelf_life.expiry_required for result in (lots, none, serials) if result.after]
    assert required == [True, False, True]


def test_changed_policy_makes_a_version() -> None:
    """Changed shelf-life days make a version; the same in another order do not."""
    first_policy = {
        "min_remaining_shelf_life_at_receipt": 30, "expiry_alert_days": [7, 30, 7],
        "customers": [
            {"customer": "B", "min_remaining_shelf_life_days": 9},
            {"customer": "A", "min_remaining_shelf_life_days": 1},
        ],
    }  # fmt: skip
    reordered_policy = first_policy | {"expiry_alert_days": [30, 7], "customers": first_policy["customers"][::-1]}  # type: ignore[index]
    results = define_products(
        *(
            definition(serial_tracked=True, barcodes=[{"code": "4006"}], shelf_life=policy)
            for policy in (first_policy, reordered_policy)
        )
    )
    assert [result.is_changed for result in results] == [True, False]
    assert results[0].after is not None
    assert (results[0].after.version, results[0].after.shelf_life.expiry_alert_days) == (4, [30, 7])


def test_barcode_belongs_to_one_product() -> None:
    """A barcode of another product is rejected until that product releases it, also within one batch."""
    other_product = definition("NEW", barcodes=[{"code": "4006", "quantity": 12}])
    rejected, released, claimed = define_products(other_product, definition(serial_tracked=True), other_product)
    assert rejected.violation is not None
    assert (rejected.violation.code, rejected.violation.blocked_by) == (Code.BARCODE_TAKEN, ["/products/PUMP"])
    assert released.after is not None
    assert claimed.after is not None
    assert claimed.after.barcodes == (("4006", 12),)
    (repeated,) = define_products(definition("NEW", barcodes=[{"code": "1"}, {"code": "1", "quantity": 2}]))
    assert repeated.violation is not None


def test_warehouses_and_locations() -> None:
    """A time zone must exist; a location may precede its warehouse; repeated definitions change nothing."""
    definitions: list[WarehouseDefined | LocationDefined] = [
        WarehouseDefined(warehouse="EAST", name="East", time_zone="Mars/Base"),
        LocationDefined(location="EAST/DOCK", type="DOCK"),
        WarehouseDefined(warehouse="EAST", name="East", time_zone="Europe/Berlin"),
        LocationDefined(location="EAST/DOCK", type="DOCK"),
        LocationDefined(location="EAST/DOCK", type="STAGING"),
    ]
    results = places.define_locations({}, frozenset({"Europe/Berlin"}), definitions)
    assert results[0].violation is not None
    assert results[0].violation.code is Code.UNKNOWN_TIME_ZONE
    assert [result.is_changed for result in results[1:]] == [True, True, False, True]
    assert [result.after.version for result in results[1:] if result.after] == [1, 1, 1, 2]
