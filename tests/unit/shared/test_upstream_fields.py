"""Nothing that ERP and OMS send is lost: each field of each upstream message is stored or refused."""

from collections.abc import Callable, Iterator
from copy import deepcopy
from typing import Any

import pytest

from deploy import schemas
from shared.contracts.envelope import Message
from shared.contracts.registry import all_messages
from shared.contracts.upstream import (
    AsnAnnounced,
    AsnCancelled,
    AsnChanged,
    LocationDefined,
    OrderAmended,
    OrderCancelled,
    OrderLineCancelled,
    OrderPlaced,
    ProductDefined,
    WarehouseDefined,
)
from shared.working_set import WorkingSet
from tests.support.in_memory.receiving import InMemoryReceiving
from tests.unit.fulfillment.in_memory import InMemoryFulfillment

UPSTREAM = [message for message in all_messages() if message.TOPIC.kind == "upstream"]
NOT_BUSINESS = {"actor", "cause"}
"""Fields of every message; the actor is that of all its effects."""
SHELF_LIFE = {
    "expiry_required": True, "min_remaining_shelf_life_at_receipt": 5, "short_shelf_life_policy": "HOLD",
    "expiry_basis": "BEST_BEFORE", "shelf_life_days": 100, "stop_allocation_days": 3, "expiry_alert_days": [9],
    "customers": [{"customer": "C-1", "min_remaining_shelf_life_days": 7}],
}  # fmt: skip
PRODUCT = {
    "sku": "NEW", "name": "New", "unit": "box", "serial_tracked": True, "lot_tracked": False, "decimals": 0,
    "serial_format": {
        "min_length": 4, "max_length": 20, "characters": "DIGITS", "pattern": "[0-9]*", "check_digit": "LUHN",
    },
    "serials_unique_per_product": True, "receive_by_carton": True, "warranty": {"months": 24, "starts_at": "DISPATCH"},
    "barcodes": [{"code": "40061", "quantity": 1, "type": "OTHER"}], "shelf_life": SHELF_LIFE,
}  # fmt: skip
ASN_LOT = {
    "lot": "L1", "quantity": 2, "serials": ["A"], "expiry": "2027-01-31", "manufactured_on": "2026-01-01",
    "best_before": "2026-12-31",
}  # fmt: skip
CARTON = {
    "sscc": "095212345600000012", "pallet": "095212345600000029",
    "content": [{"line": "1", "serials": ["B"], "quantity": 2}, {"line": "1", "lot": "L1", "quantity": 3}],
}  # fmt: skip
RANGES = [{"from": "R01", "to": "R02"}, {"from": "Q01", "count": 1}]
ASN_LINE = {"line": "1", "sku": "PUMP", "quantity": 9, "serials": ["B"], "lots": [ASN_LOT], "ranges": RANGES}
SECOND_LINE = {"line": "2", "sku": "SCREW", "quantity": 1}
ASN = {
    "receipt": "R1", "warehouse": "EAST", "kind": "ASN", "supplier": "S", "expected_at": "2026-04-01T00:00:00Z",
    "part": 1, "parts": 2, "lines": [ASN_LINE], "cartons": [CARTON],
}  # fmt: skip
CUSTOMER = {"id": "C-1", "name": "N", "ship_to": "Street", "contact": "Phone"}
ORDER = {
    "order": "SO-1", "warehouse": "EAST", "customer": CUSTOMER, "priority": 3, "backorders": "ALLOWED",
    "placed_at": "2026-01-01T00:00:00Z", "min_remaining_shelf_life_days": 4,
    "lines": [
        {"line": "1", "sku": "A", "quantity": 3, "serials": ["X"]},
        {"line": "2", "sku": "M", "quantity": 3, "lots": ["L"], "single_lot": False},
    ],
}  # fmt: skip
AMENDMENT = {name: ORDER[name] for name in ("order", "customer", "priority", "min_remaining_shelf_life_days")} | {
    "priority": 2, "customer": CUSTOMER | {"name": "Other"}, "min_remaining_shelf_life_days": 9,
    "lines": [
        {"line": "1", "sku": "A", "quantity": 4, "serials": ["Y"]},
        {"line": "2", "sku": "M", "quantity": 4, "lots": ["K"], "single_lot": False},
    ],
}  # fmt: skip

CASES: dict[type[Message], tuple[dict[str, Any], list[Message]]] = {
    ProductDefined: (PRODUCT, []),
    WarehouseDefined: ({"warehouse": "NORTH", "name": "North", "time_zone": "UTC"}, []),
    LocationDefined: ({"location": "EAST/B-1", "type": "STORAGE", "pick_sequence": 1, "is_active": True}, []),
    AsnAnnounced: (ASN, [AsnAnnounced.model_validate(ASN | {"part": 2, "lines": [SECOND_LINE]})]),
    AsnChanged: (
        {"receipt": "R1", "supplier": "T", "expected_at": "2026-05-01T00:00:00Z", "lines": [
            ASN_LINE | {"quantity": 8, "serials": ["C"], "lots": [ASN_LOT | {"lot": "L2", "serials": ["D"]}]}
        ]},
        [AsnAnnounced.model_validate(ASN)],
    ),
    AsnCancelled: ({"receipt": "R1", "reason": "late"}, [AsnAnnounced.model_validate(ASN)]),
    OrderPlaced: (ORDER, []),
    OrderAmended: (AMENDMENT, [OrderPlaced.model_validate(ORDER)]),
    OrderCancelled: ({"order": "SO-1", "reason": "late"}, [OrderPlaced.model_validate(ORDER)]),
    OrderLineCancelled: ({"order": "SO-1", "line": "1", "reason": "late"}, [OrderPlaced.model_validate(ORDER)]),
}  # fmt: skip
"""A message with all its fields, and what is handled before it."""

OTHER_VALUES = {
    "serial_tracked": False, "lot_tracked": True, "short_shelf_life_policy": "REJECT", "time_zone": "Asia/Tokyo",
    "type": "DOCK", "kind": "BLIND", "backorders": "NOT_ALLOWED", "warehouse": "WEST", "unit": "kg", "line": "9",
    "check_digit": "IMEI", "expiry_basis": "EXPIRY", "characters": "LETTERS", "starts_at": "LABEL_DATE", "to": "R03",
}  # fmt: skip


def paths_in(schema: dict[str, Any], root: dict[str, Any], path: tuple[str, ...] = ()) -> Iterator[tuple[str, ...]]:
    """Yield the paths of all fields in a schema, without list indexes."""
    if "$ref" in schema:
        schema = root["$defs"][schema["$ref"].rpartition("/")[2]]
    for choice in (*schema.get("anyOf", ()), *([schema["items"]] if "items" in schema else ())):
        yield from paths_in(choice, root, path)
    for name, field in schema.get("properties", {}).items():
        yield (*path, name)
        yield from paths_in(field, root, (*path, name))


def values_in(node: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Callable[[Any], None], Any]]:
    """Yield the path of each value in a message, a function that replaces it, and the value."""
    for name, value in node.items():
        field = (*path, name)
        if isinstance(value, dict):
            yield from values_in(value, field)
        elif isinstance(value, list) and value and isinstance(value[0], dict):
            for item in value:
                yield from values_in(item, field)
        else:
            yield field, lambda other, node=node, name=name: node.__setitem__(name, other), value  # type: ignore[misc]


def other_value(name: str, value: Any) -> Any:
    """Return another value of the kind of a value."""
    if isinstance(value, bool):
        return OTHER_VALUES.get(name, not value)
    if isinstance(value, list):
        return [other_value("", item) for item in value]
    if isinstance(value, int):
        return value + 1
    if name in OTHER_VALUES:
        return OTHER_VALUES[name]
    return value.replace("202", "203", 1) if value[:3] == "202" else f"{value}2"


def state_of(rows: Any) -> str:
    """Return all that a unit of work holds, published events included."""
    return repr(
        [
            (name, sorted(map(repr, value)) if isinstance(value, WorkingSet) else repr(value))
            for name, value in vars(rows).items()
            if name not in {"ids", "event", "now", "time_zone_names"} and not name.startswith("_")
        ]
    )


def handle(message: type[Message], content: dict[str, Any], before: list[Message]) -> str:
    """Handle a message in a new service; returns what is stored, published and answered."""
    data = message.model_validate(content)
    if message.TYPE.startswith("order"):
        fulfillment = InMemoryFulfillment(["A", "M", "A2"])
        fulfillment.products["M"] = fulfillment.products["A"]._replace(tracking="LOT", decimals=6)
        for earlier in before:
            fulfillment.handle(earlier)
        fulfillment.handle(data)
        return state_of(fulfillment.uow) + repr([result.violations for result in fulfillment.results])
    receiving = InMemoryReceiving()
    receiving.uow.time_zone_names = frozenset({"UTC", "Asia/Tokyo"})
    receiving.define_product("PUMP2", "SERIAL")
    for earlier in before:
        receiving.handle(earlier)
    results = receiving.handle(data)
    return state_of(receiving.uow) + repr([result.violations for result in results])


@pytest.mark.parametrize("message", UPSTREAM, ids=lambda message: message.TYPE)
def test_each_field_is_stored_or_refused(message: type[Message]) -> None:
    """Another value of any field makes a difference (S05, S08, S24)."""
    content, before = CASES[message]
    stored = handle(message, content, before)
    ignored = []
    for index, (path, _, value) in enumerate(values_in(content)):
        changed = deepcopy(content)
        _, replace, _ = list(values_in(changed))[index]
        replace(other_value(path[-1], value))
        try:
            if handle(message, changed, before) == stored:
                ignored.append(path)
        except ValueError:  # refused by the schema
            continue
    assert ignored == []


@pytest.mark.parametrize("message", UPSTREAM, ids=lambda message: message.TYPE)
def test_all_fields_are_covered(message: type[Message]) -> None:
    """The message of the test above has each field of its schema."""
    schema = schemas.build_schema(message)
    fields = {path for path in paths_in(schema, schema) if path[0] not in NOT_BUSINESS}
    present = {path[:length] for path, _, _ in values_in(CASES[message][0]) for length in range(1, len(path) + 1)}
    assert fields - present == set()
