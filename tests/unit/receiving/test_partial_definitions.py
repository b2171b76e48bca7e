"""Definitions with fewer fields: omitted fields keep their values, null returns them to their defaults."""

from typing import Any

import pytest

from services.receiving.products.domain.records import ProductOut
from shared.contracts.commands.receiving import ReceiveReturn
from shared.contracts.upstream import LocationDefined, ProductDefined, WarehouseDefined
from tests.support.in_memory.receiving import InMemoryReceiving
from tests.unit.receiving.steps import announce_receipt, error_codes, scan_serials, scan_statuses

SKU = "SALINE"
SHELF_LIFE: dict[str, Any] = {
    "min_remaining_shelf_life_at_receipt": 30, "stop_allocation_days": 7, "expiry_alert_days": [60],
    "short_shelf_life_policy": "HOLD", "expiry_required": False,
    "customers": [{"customer": "C-7", "min_remaining_shelf_life_days": 90}],
    "expiry_basis": "BEST_BEFORE", "shelf_life_days": 365,
}  # fmt: skip
FULL: dict[str, Any] = {
    "name": "Saline", "unit": "box", "lot_tracked": True, "barcodes": [{"code": "5000", "quantity": 6}], "decimals": 0,
    "shelf_life": SHELF_LIFE,
}  # fmt: skip
DEFAULTS: dict[str, Any] = {
    "unit": "each", "lot_tracked": False, "barcodes": [], "decimals": 6,
    "shelf_life": {
        "min_remaining_shelf_life_at_receipt": 0, "stop_allocation_days": 0, "expiry_alert_days": [90, 60, 30, 7],
        "short_shelf_life_policy": "REJECT", "expiry_required": False, "customers": [],
        "expiry_basis": "EXPIRY", "shelf_life_days": None,
    },
}  # fmt: skip


@pytest.fixture
def service() -> InMemoryReceiving:
    """A service with a product of which each field differs from its default, a warehouse and a location."""
    service = InMemoryReceiving()
    service.uow.time_zone_names = frozenset({"UTC", "Asia/Tokyo"})
    define(service, **FULL)
    service.handle(
        WarehouseDefined(warehouse="NORTH", name="North", time_zone="Asia/Tokyo"),
        LocationDefined(location="NORTH/A-1", type="STORAGE", pick_sequence=500),
    )
    return service


def define(service: InMemoryReceiving, **fields: Any) -> dict[str, Any]:
    """Define the product with these fields only; returns the whole product."""
    result = service.handle_command(ProductDefined.model_validate({"sku": SKU, **fields}))
    assert isinstance(result.body, ProductOut), result.violations
    product = result.body.model_dump(mode="json")
    return product | {"lot_tracked": product["tracking"] == "LOT"}


def without_version(product: dict[str, Any]) -> dict[str, Any]:
    """A product without the field that each change counts up."""
    return {name: value for name, value in product.items() if name != "version"}


def test_omitted_fields_keep_their_values(service: InMemoryReceiving) -> None:
    """A product sent again with its name alone keeps unit, tracking, barcodes, shelf life and decimals (S01)."""
    before = define(service)
    after = define(service, name="Saline 0.9 %")
    assert without_version(after) == without_version(before) | {"name": "Saline 0.9 %"}
    for name, value in FULL.items():
        assert name == "name" or after[name] == value
    assert define(service) == after, "no field, no version"


@pytest.mark.parametrize("name", sorted(DEFAULTS))
def test_null_clears_a_field(service: InMemoryReceiving, name: str) -> None:
    """Null returns one field to its default; the others keep their values (S01)."""
    before, after = define(service), define(service, **{name: None})
    shelf_life = DEFAULTS["shelf_life"] | {"expiry_required": True}
    expected = shelf_life if name == "shelf_life" else DEFAULTS[name]
    assert after[name] == expected
    changed = {key for key in before if before[key] != after[key]} - {"version", "tracking"}
    assert changed == {name}


@pytest.mark.parametrize("name", sorted(SHELF_LIFE))
def test_null_clears_a_shelf_life_rule(service: InMemoryReceiving, name: str) -> None:
    """Rules of the shelf-life policy are merged one by one, and cleared one by one (S24)."""
    after = define(service, shelf_life={name: None})["shelf_life"]
    default = True if name == "expiry_required" else DEFAULTS["shelf_life"][name]
    assert after == SHELF_LIFE | {name: default}
    assert define(service, shelf_life={})["shelf_life"] == after


def test_warranty_is_merged(service: InMemoryReceiving) -> None:
    """Months and start of a warranty change one by one; a warranty without months is refused (S46)."""
    define(service, lot_tracked=False, serial_tracked=True, warranty={"months": 24, "starts_at": "LABEL_DATE"})
    assert define(service, warranty={"starts_at": None})["warranty"] == {"months": 24, "starts_at": "DISPATCH"}
    assert define(service, warranty={"months": 36})["warranty"] == {"months": 36, "starts_at": "DISPATCH"}
    assert define(service, name="Saline 2")["warranty"] == {"months": 36, "starts_at": "DISPATCH"}
    for warranty in ({"months": None}, {"months": None, "starts_at": "LABEL_DATE"}):
        result = service.handle_command(ProductDefined.model_validate({"sku": SKU, "warranty": warranty}))
        assert error_codes(result) == ["incomplete_definition"]
    assert define(service, warranty=None)["warranty"] is None
    result = service.handle_command(ProductDefined.model_validate({"sku": SKU, "warranty": {"starts_at": "DISPATCH"}}))
    assert error_codes(result) == ["incomplete_definition"]


def test_lists_are_replaced(service: InMemoryReceiving) -> None:
    """Barcodes and customers are lists: a list that is sent replaces the whole list."""
    assert define(service, barcodes=[{"code": "5001"}])["barcodes"] == [{"code": "5001", "quantity": 1}]
    other = {"customer": "C-8", "min_remaining_shelf_life_days": 10}
    assert define(service, shelf_life={"customers": [other]})["shelf_life"]["customers"] == [other]


def test_tracking_is_merged_like_any_field(service: InMemoryReceiving) -> None:
    """Another tracking needs both flags; defaults that follow from the tracking follow it (S03, S24)."""
    conflicting = service.handle_command(ProductDefined(sku=SKU, serial_tracked=True))
    assert error_codes(conflicting) == ["conflicting_tracking"]
    define(service, shelf_life={"expiry_required": None}, decimals=None)
    serial_tracked = define(service, serial_tracked=True, lot_tracked=False)
    assert (serial_tracked["decimals"], serial_tracked["shelf_life"]["expiry_required"]) == (0, False)
    untracked = define(service, serial_tracked=None, lot_tracked=True)
    assert (untracked["decimals"], untracked["shelf_life"]["expiry_required"]) == (6, True)


def test_warehouse_and_location_keep_what_is_omitted(service: InMemoryReceiving) -> None:
    """A warehouse keeps its time zone, a location the rest; null returns to the default (S35)."""
    results = service.handle(
        WarehouseDefined(warehouse="NORTH", name="North 2"),
        LocationDefined(location="NORTH/A-1", type="STORAGE"),
        LocationDefined(location="NORTH/A-1", pick_sequence=7, is_active=False),
        LocationDefined(location="NORTH/A-1", type="DOCK"),
        WarehouseDefined(warehouse="NORTH", time_zone=None),
        LocationDefined(location="NORTH/A-1", pick_sequence=None, is_active=None),
    )
    bodies = [result.body.model_dump(exclude={"warehouse", "location"}) for result in results if result.body]
    assert bodies == [
        {"version": 2, "name": "North 2", "time_zone": "Asia/Tokyo"},
        {"version": 1, "type": "STORAGE", "pick_sequence": 500, "is_active": True},
        {"version": 2, "type": "STORAGE", "pick_sequence": 7, "is_active": False},
        {"version": 3, "type": "DOCK", "pick_sequence": 7, "is_active": False},
        {"version": 3, "name": "North 2", "time_zone": "UTC"},
        {"version": 4, "type": "DOCK", "pick_sequence": 0, "is_active": True},
    ]


def test_nothing_is_put_at_a_deactivated_location(service: InMemoryReceiving) -> None:
    """Neither a scan nor a customer return puts anything at a deactivated location (S06)."""
    service.handle(LocationDefined(location="EAST/DOCK", is_active=False))
    announce_receipt(service, "B1", kind="BLIND")
    scanned = scan_serials(service, "B1", "A")
    returned = service.handle_command(
        ReceiveReturn(
            return_id="RMA",
            order="SO-1",
            customer="C-1",
            sku="PUMP",
            serials=["A"],
            location="EAST/DOCK",
            reason="broken",
        )
    )
    assert [error_codes(result) for result in (scanned, returned)] == [["location_inactive"]] * 2
    service.handle(LocationDefined(location="EAST/DOCK", is_active=True))
    assert scan_statuses(scan_serials(service, "B1", "A")) == ["ACCEPTED"]


@pytest.mark.parametrize(
    ("definition", "field"),
    [
        (ProductDefined(sku="NEW", unit="box"), "name"),
        (ProductDefined(sku=SKU, name=None), "name"),
        (WarehouseDefined(warehouse="NEW"), "name"),
        (LocationDefined(location="NORTH/NEW", pick_sequence=1), "type"),
        (LocationDefined(location="NORTH/A-1", type=None), "type"),
    ],
)
def test_field_without_default_is_required(
    service: InMemoryReceiving, definition: ProductDefined | WarehouseDefined | LocationDefined, field: str
) -> None:
    """A new product needs a name, a new location a type, and null does not clear them."""
    (result,) = service.handle(definition)
    (violation,) = result.violations
    assert (violation.code, violation.ids) == ("incomplete_definition", [field])
