"""Definitions of products, warehouses and locations."""

from typing import Any

import pytest

from shared.contracts.problems import Code
from shared.contracts.reference import ProductChanged
from shared.contracts.upstream import LocationDefined, ProductDefined, WarehouseDefined
from shared.unit_of_work import CommandResult
from tests.support.in_memory.receiving import InMemoryReceiving
from tests.unit.receiving.steps import error_codes


@pytest.fixture
def service() -> InMemoryReceiving:
    """A service with version 1 of the serial-tracked product PUMP, which owns the barcode 4006."""
    return InMemoryReceiving()


def definition(sku: str = "PUMP", **overrides: Any) -> ProductDefined:
    """A product definition."""
    return ProductDefined.model_validate({"sku": sku, "name": "PUMP", **overrides})


def changed_products(*results: CommandResult) -> list[ProductChanged]:
    """The product events of commands."""
    return [event for result in results for event in result.events if isinstance(event, ProductChanged)]


@pytest.mark.parametrize(
    ("boxes", "tracking"), [({}, "NONE"), ({"serial_tracked": True}, "SERIAL"), ({"lot_tracked": True}, "LOT")]
)
def test_flags_determine_tracking(service: InMemoryReceiving, boxes: dict[str, Any], tracking: str) -> None:
    """The flags determine tracking: by serial, by lot, or none (S01, S02)."""
    (event,) = changed_products(*service.handle(definition("NEW", **boxes)))
    assert (event.tracking, event.version) == (tracking, 1)


def test_both_trackings_are_rejected(service: InMemoryReceiving) -> None:
    """Tracking by both serial and lot is rejected, for new and existing products (S03)."""
    both_flags: dict[str, Any] = {"serial_tracked": True, "lot_tracked": True}
    results = service.handle(definition("NEW", **both_flags), definition(**both_flags))
    assert [error_codes(result) for result in results] == [["conflicting_tracking"], ["conflicting_tracking"]]


def test_tracking_cannot_change_once_in_use(service: InMemoryReceiving) -> None:
    """Tracking cannot change once the product is in use; before that, and everything else, can (S03)."""
    service.uow.product_history.used.add("PUMP")
    renaming, switch = definition(name="Infusion pump"), definition(serial_tracked=False)
    rejected, renamed = service.handle(switch, renaming)
    assert error_codes(rejected) == ["product_in_use"]
    service.uow.product_history.used.clear()
    (switched,) = service.handle(switch)
    assert [(event.tracking, event.name, event.version) for event in changed_products(renamed, switched)] == [
        ("SERIAL", "Infusion pump", 2),
        ("NONE", "PUMP", 3),
    ]


@pytest.mark.parametrize(
    ("fields", "is_rejected"),
    [
        ({"unit": "box"}, True), ({"unit": None}, True), ({"unit": "kg"}, False), ({"decimals": 1}, True),
        ({"decimals": 2}, False), ({"decimals": 3}, False), ({"decimals": None}, False), ({"name": "Sugar"}, False),
        ({"lot_tracked": True}, True), ({"shelf_life": {"stop_allocation_days": 3}}, False),
    ],
)  # fmt: skip
def test_quantities_of_a_product_in_use_keep_their_meaning(
    service: InMemoryReceiving, fields: dict[str, Any], *, is_rejected: bool
) -> None:
    """Unit and tracking cannot change, decimals can only become more; without history all of them can (S03)."""
    service.handle(definition("SUGAR", unit="kg", decimals=2))
    service.uow.product_history.used.add("SUGAR")
    change = ProductDefined.model_validate({"sku": "SUGAR", **fields})
    (result,) = service.handle(change)
    assert error_codes(result) == (["product_in_use"] if is_rejected else [])
    service.uow.product_history.used.clear()
    assert error_codes(*service.handle(change)) == []


def test_identical_definition_makes_no_version(service: InMemoryReceiving) -> None:
    """An identical definition makes no version; decimals of a serial-tracked product are ignored (S14)."""
    repeated = definition(serial_tracked=True, barcodes=[{"code": "4006"}], decimals=2)
    results = service.handle(repeated, repeated)
    bodies = [result.body.model_dump() for result in results if result.body]
    assert [(body["version"], body["decimals"]) for body in bodies] == [(1, 0), (1, 0)]
    assert (service.published, service.uow.product_changes) == ([], [])


def test_default_of_expiry_required(service: InMemoryReceiving) -> None:
    """An expiry is required by default for lot-tracked products only (S24)."""
    results = service.handle(
        definition("A", lot_tracked=True),
        definition("B", lot_tracked=True, shelf_life={"expiry_required": False}),
        definition("C", serial_tracked=True, shelf_life={"expiry_required": True}),
    )
    assert [event.shelf_life.expiry_required for event in changed_products(*results)] == [True, False, True]


def test_changed_policy_makes_a_version(service: InMemoryReceiving) -> None:
    """Changed shelf-life days make a version; the same in another order do not."""
    first_policy: dict[str, Any] = {
        "min_remaining_shelf_life_at_receipt": 30, "expiry_alert_days": [7, 30, 7],
        "customers": [
            {"customer": "B", "min_remaining_shelf_life_days": 9},
            {"customer": "A", "min_remaining_shelf_life_days": 1},
        ],
    }  # fmt: skip
    reordered_policy = first_policy | {"expiry_alert_days": [30, 7], "customers": first_policy["customers"][::-1]}
    (event,) = changed_products(
        *service.handle(
            *(
                definition(serial_tracked=True, barcodes=[{"code": "4006"}], shelf_life=policy)
                for policy in (first_policy, reordered_policy)
            )
        )
    )
    assert (event.version, event.shelf_life.expiry_alert_days) == (2, [30, 7])


def test_barcode_belongs_to_one_product(service: InMemoryReceiving) -> None:
    """A barcode of another product is rejected until that product releases it, also within one batch."""
    other_product = definition("NEW", barcodes=[{"code": "4006", "quantity": 12}])
    rejected, released, claimed = service.handle(other_product, definition(barcodes=[]), other_product)
    (violation,) = rejected.violations
    assert (violation.code, violation.blocked_by) == (Code.BARCODE_TAKEN, ["/products/PUMP"])
    barcodes = [
        [(barcode.code, barcode.quantity) for barcode in event.barcodes]
        for event in changed_products(released, claimed)
    ]
    assert barcodes == [[], [("4006", 12)]]
    (repeated,) = service.handle(definition("NEW", barcodes=[{"code": "1"}, {"code": "1", "quantity": 2}]))
    assert error_codes(repeated) == ["barcode_taken"]


def test_warehouses_and_locations(service: InMemoryReceiving) -> None:
    """A time zone must exist; a location may precede its warehouse; repeated definitions change nothing."""
    service.uow.time_zone_names = frozenset({"Europe/Berlin"})
    results = service.handle(
        WarehouseDefined(warehouse="NORTH", name="North", time_zone="Mars/Base"),
        LocationDefined(location="NORTH/DOCK", type="DOCK"),
        WarehouseDefined(warehouse="NORTH", name="North", time_zone="Europe/Berlin"),
        LocationDefined(location="NORTH/DOCK", type="DOCK"),
        LocationDefined(location="NORTH/DOCK", type="STAGING"),
    )
    assert error_codes(results[0]) == ["unknown_time_zone"]
    assert [len(result.events) for result in results[1:]] == [1, 1, 0, 1]
    assert [result.body.model_dump()["version"] for result in results[1:] if result.body] == [1, 1, 1, 2]
