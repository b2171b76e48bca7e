"""Examples of messages and HTTP bodies, made from their schemas and the names of their fields."""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from shared.contracts.envelope import Fact

VALUES: Mapping[str, Any] = {
    "actor": "ann", "again": True, "barcode": None, "blocked_by": ["/orders/SO-1001"], "box": "BOX-1",
    "cancelled": False, "carrier": "Rail & Road", "carton": "C-1", "to_carton": "C-2", "cartons": ["C-1"],
    "check": "CHECK-1", "closed": True, "code": "serial_known", "contact": "+49 30 123456", "count": 2,
    "customer": "CUST-7", "demand": "D-1", "detail": "SN-0001 lies at EAST/A-01-02", "discrepancy": "DIS-1",
    "disposition": "RESTOCK",
    "document": "ASN-42", "expected_at": "2026-03-04T08:00:00+01:00", "from_location": "EAST/DOCK-1",
    "from_status": "EXPECTED", "hold": "HOLD-1", "ids": ["SN-0001"], "instead": "SN-0002", "kind": None, "line": "1",
    "location": "EAST/A-01-02", "name": "Infusion pump", "new_demand": None, "order": "SO-1001",
    "orders": ["SO-1001"], "placed_at": "2026-03-01T09:30:00Z", "reason": "found damaged", "receipt": "ASN-42",
    "refused_type": "receive.scan.v1", "return_id": "RMA-1", "serial": "SN-0001", "serials": ["SN-0001", "SN-0002"],
    "session": "S-1", "ship_to": "1 Harbour Road", "shipment": "SH-1", "shipped_to": "CUST-7", "sku": "PUMP-7",
    "supplier": "Acme", "tie_to": None, "time_zone": "Europe/Berlin", "tracking_number": "T-123",
    "lot": "L-0042/A", "lots": ["L-0042/A"], "expiry": "2027-03-31", "manufactured": "2026-01-15",
    "best_before": "2027-02-28", "before": "2027-03-01", "item": "L-0042/A",
    "recall": "RC-1", "text": "lots L-0042/A to L-0043", "first": "SN-0001", "last": "SN-0099",
    "shipped_at": "2026-03-04T09:00:00Z", "expiring_days": [90, 60, 30, 7], "words": ["L-0042/A"], "skus": ["PUMP-7"],
    "until": "2026-03-04T09:15:00Z", "unit": "each", "version": 3, "versions": [1, 2], "warehouse": "EAST",
}  # fmt: skip


LEFT_OUT: Mapping[str, frozenset[str]] = {
    "receive.scan.v1": frozenset({"lots"}),
    "receive.undo.v1": frozenset({"lots"}),
    "return.receive.v1": frozenset({"lots"}),
    "serial.hold.v1": frozenset({"lot"}),
}
"""What cannot stand beside another field of its message."""


def example(message: type[Fact]) -> dict[str, Any]:
    """A message with every field that has an example, as a CloudEvent."""
    return {
        "specversion": "1.0",
        "id": "01923e1a-7b3c-7def-8123-456789abcdef",
        "source": "tracelot/" + message.TOPIC.writer if message.TOPIC.kind == "events" else "https://erp.example/main",
        "type": message.TYPE,
        "time": "2026-03-04T08:15:30.123456Z",
        "datacontenttype": "application/json",
        "data": data_example(message),
    }


def data_example(message: type[Fact]) -> dict[str, Any]:
    """The data of a message, with every field that has an example."""
    root, left_out = message.model_json_schema(), LEFT_OUT.get(message.TYPE, frozenset())
    return {name: value for name, value in _object(root, root).items() if name not in left_out}


def body_example(model: type[BaseModel]) -> dict[str, Any]:
    """A response body with every field that has an example."""
    root = model.model_json_schema(mode="serialization")
    return _object({"properties": {k: v for k, v in root["properties"].items() if k != "refused"}}, root)


def _object(schema: Mapping[str, Any], root: Mapping[str, Any]) -> dict[str, Any]:
    made = {name: _value(name, field, root) for name, field in schema["properties"].items()}
    return {name: value for name, value in made.items() if value is not None}


def _value(name: str, schema: Mapping[str, Any], root: Mapping[str, Any]) -> Any:
    schema = _named(schema, root)
    if "anyOf" in schema:
        schema = _named(next(one for one in schema["anyOf"] if one.get("type") != "null"), root)
    if "enum" in schema or "const" in schema:
        return schema.get("const", next(iter(schema.get("enum", ()))))
    if schema.get("type") == "object":
        known = {"source": "https://erp.example/main", "id": "ASN-42/1"} if name == "cause" else None
        return known or (_object(schema, root) if "properties" in schema else {})
    if schema.get("type") == "array" and _named(schema["items"], root).get("type") == "object":
        return [_value(name, schema["items"], root)]
    plain = {"array": [], "integer": 2, "number": 2, "boolean": True}.get(schema.get("type", ""), "X-1")
    given = VALUES.get(name, plain)
    fits = isinstance(given, str) == (schema.get("type") == "string")
    return given if fits or given is None else plain


def _named(schema: Mapping[str, Any], root: Mapping[str, Any]) -> Mapping[str, Any]:
    if "$ref" in schema:
        found: Mapping[str, Any] = root["$defs"][schema["$ref"].rpartition("/")[2]]
        return found
    return schema
