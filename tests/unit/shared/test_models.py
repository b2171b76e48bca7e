"""Models reject unknown fields when constructed and ignore them when validating received data."""

import ast
import json
from pathlib import Path
from typing import Any

import pytest

from shared.contracts.envelope import CloudEvent
from shared.contracts.lots import LotShipped
from shared.contracts.problems import Code, ProblemDetail
from shared.contracts.quantities import LotQuantity
from tests.support.events import encode_message

ROOT = Path(__file__).resolve().parents[3]
DIRECT_BASES = {"BaseModel", "pydantic.BaseModel"}
LOT: dict[str, Any] = {"lot": "L-1", "quantity": 2}


def test_constructing_with_an_unknown_field_raises() -> None:
    """A mistyped field name raises an error."""
    with pytest.raises(TypeError, match="LotQuantity has no field 'colour'"):
        LotQuantity(**LOT, colour="blue")
    with pytest.raises(TypeError, match="ProblemDetail has no field 'id'"):
        ProblemDetail(code=Code.VALIDATION_ERROR, detail="invalid", id="1")
    with pytest.raises(TypeError, match="has no field 'kind'"):
        CloudEvent[LotQuantity](kind="x")  # type: ignore[type-var, call-arg]


def test_copying_with_an_unknown_field_raises() -> None:
    """Copies reject unknown fields, although they do not validate values."""
    original = LotQuantity(**LOT)
    assert original.model_copy(update={"lot": "L-2"}) == LotQuantity(lot="L-2", quantity=original.quantity)
    with pytest.raises(TypeError, match="LotQuantity has no field 'colour'"):
        original.model_copy(update={"colour": "blue"})


def test_received_data_may_have_unknown_fields() -> None:
    """Unknown fields are ignored at every depth, in JSON and in Python objects."""
    message = LotShipped(sku="A", order="O", line="1", shipment="S", customer="C", lots=[LotQuantity(**LOT)])
    data = json.loads(message.model_dump_json()) | {"lots": [LOT | {"colour": "blue"}], "new": 1}
    assert LotShipped.model_validate(data) == message
    envelope = json.loads(encode_message(message)) | {"data": data, "extension": "x"}
    assert CloudEvent[LotShipped].model_validate_json(json.dumps(envelope)).data == message


def test_schemas_stay_open() -> None:
    """Published schemas allow additional fields of later versions."""
    assert "additionalProperties" not in json.dumps(CloudEvent[LotShipped].model_json_schema())


def test_all_models_use_the_strict_base() -> None:
    """All models derive from KnownFieldsModel, except parts of answers that the console reads."""
    other_models = [
        f"{path.relative_to(ROOT)}: {node.name}"
        for name in ("services", "shared", "deploy")
        for path in sorted((ROOT / name).rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ClassDef) and any(ast.unparse(base) in DIRECT_BASES for base in node.bases)
    ]
    assert other_models == ["services/console/clients/http.py: Model", "shared/contracts/model.py: KnownFieldsModel"]
