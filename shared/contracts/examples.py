"""Example messages and HTTP bodies, generated from schemas and field names."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from shared.contracts.envelope import Message

VALUES: Mapping[str, Any] = {
    "actor": "ann", "reallocate": True, "barcode": None, "blocked_by": ["/orders/SO-1001"],
    "changed_at": "2026-03-01T09:30:00Z", "sscc": "095212345600000012", "pallet": "095212345600000029",
    "inferred_from": "095212345600000012",
    "carrier": "Rail & Road", "carton": "C-1", "to_carton": "C-2", "cartons": ["C-1"],
    "check_id": "CHECK-1", "final": True, "code": "duplicate_serial", "contact": "+49 30 123456", "count": 2,
    "counted_at": "2026-03-04T10:30:00Z", "clock_error_seconds": 2,
    "customer": "CUST-7", "demand_id": "D-1", "detail": "SN-0001 is at EAST/A-01-02", "discrepancy": "DIS-1",
    "disposition": "RESTOCK",
    "document": "ASN-42", "expected_at": "2026-03-04T08:00:00+01:00", "from_location": "EAST/DOCK-1",
    "from_status": "EXPECTED", "hold_id": "HOLD-1", "ids": ["SN-0001"], "replacement": "SN-0002", "kind": None,
    "line": "1",
    "location": "EAST/A-01-02", "name": "Infusion pump", "order": "SO-1001",
    "orders": ["SO-1001"], "owner_role": "quality", "placed_at": "2026-03-01T09:30:00Z", "reason": "found damaged",
    "receipt": "ASN-42",
    "rejected_type": "session.scan.v1", "return_id": "RMA-1", "serial": "SN-0001", "serials": ["SN-0001", "SN-0002"],
    "session": "S-1", "ship_to": "1 Harbour Road", "shipment": "SH-1", "sku": "PUMP-7",
    "supplier": "Acme", "match_to": None, "time_zone": "Europe/Berlin", "tracking_number": "T-123",
    "lot": "L-0042/A", "from_lot": "L-0024/A", "lots": ["L-0042/A"],
    "expiry": "2027-03-31", "manufactured_on": "2026-01-15",
    "best_before": "2027-02-28", "sold_on": "2026-01-15", "previous_expiry": "2027-03-01", "lot_or_serial": "L-0042/A",
    "recall": "RC-1", "text": "lots L-0042/A to L-0043", "first_day": "2027-05-02", "last_day": "2027-05-09",
    "first": "SN-0001", "last": "SN-0099",
    "from": "SN-0003", "gtin": "09521234543213", "to": None, "min_length": 15, "max_length": 15,
    "pattern": "35[0-9]{13}",
    "shipped_at": "2026-03-04T09:00:00Z", "expiry_alert_days": [90, 60, 30, 7], "notice": "lots L-0042/A",
    "skus": ["PUMP-7"],
    "valid_until": "2026-03-04T09:15:00Z", "unit": "each", "version": 3, "versions": [1, 2], "warehouse": "EAST",
}  # fmt: skip


OMITTED_FIELDS: Mapping[str, frozenset[str]] = {
    "session.scan.v1": frozenset({"lots"}),
    "session.undo.v1": frozenset({"lots"}),
    "return.receive.v1": frozenset({"lots"}),
    "serial.adjust.v1": frozenset({"location"}),
    "serial.place_hold.v1": frozenset({"lot"}),
    "lot.correct_number.v1": frozenset({"shipment"}),
}
"""Fields that exclude another field of the same message."""


def example(message: type[Message]) -> dict[str, Any]:
    """Return a CloudEvent with an example value for each field."""
    return {
        "specversion": "1.0",
        "id": "01923e1a-7b3c-7def-8123-456789abcdef",
        "source": "tracelot/" + message.TOPIC.producer
        if message.TOPIC.kind == "events"
        else "https://erp.example/main",
        "type": message.TYPE,
        "time": "2026-03-04T08:15:30.123456Z",
        "datacontenttype": "application/json",
        "data": data_example(message),
    }


def data_example(message: type[Message]) -> dict[str, Any]:
    """Return the data of a message with an example value for each field."""
    root, omitted = message.model_json_schema(), OMITTED_FIELDS.get(message.TYPE, frozenset())
    return {name: value for name, value in _object(root, root).items() if name not in omitted}


def body_example(model: type[BaseModel]) -> dict[str, Any]:
    """Return a response body with an example value for each field."""
    root = model.model_json_schema(mode="serialization")
    return _object({"properties": {k: v for k, v in root["properties"].items() if k != "rejected"}}, root)


def _object(schema: Mapping[str, Any], root: Mapping[str, Any]) -> dict[str, Any]:
    values = {name: _value(name, field, root) for name, field in schema["properties"].items()}
    return {name: value for name, value in values.items() if value is not None}


def _value(name: str, schema: Mapping[str, Any], root: Mapping[str, Any]) -> Any:
    schema = _resolve(schema, root)
    if "anyOf" in schema:
        schema = _resolve(next(choice for choice in schema["anyOf"] if choice.get("type") != "null"), root)
    if "enum" in schema or "const" in schema:
        return schema.get("const", next(iter(schema.get("enum", ()))))
    if schema.get("type") == "object":
        if name == "cause":
            return {"source": "https://erp.example/main", "id": "ASN-42/1"}
        return _object(schema, root) if "properties" in schema else {}
    if schema.get("type") == "array" and _resolve(schema["items"], root).get("type") == "object":
        return [_value(name, schema["items"], root)]
    default = {"array": [], "integer": 2, "number": 2, "boolean": True}.get(schema.get("type", ""), "X-1")
    value = VALUES.get(name, default)
    has_right_type = isinstance(value, str) == (schema.get("type") == "string")
    return value if has_right_type or value is None else default


def _resolve(schema: Mapping[str, Any], root: Mapping[str, Any]) -> Mapping[str, Any]:
    if "$ref" in schema:
        definition: Mapping[str, Any] = root["$defs"][schema["$ref"].rpartition("/")[2]]
        return definition
    return schema
