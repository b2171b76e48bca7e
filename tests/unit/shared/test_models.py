"""Our own models: unknown fields are errors where we construct one, and ignored in what others sent."""

import ast
import json
from pathlib import Path
from typing import Any

import pytest

from shared.contracts.counted import LotQuantity
from shared.contracts.envelope import CloudEvent
from shared.contracts.lots import LotShipped
from shared.contracts.problems import Code, Refusal
from tests.shared.conftest import message

ROOT = Path(__file__).resolve().parents[3]
DIRECT = {"BaseModel", "pydantic.BaseModel"}
LOT: dict[str, Any] = {"lot": "L-1", "quantity": 2}


def test_constructing_with_an_unknown_field_raises() -> None:
    """A mistyped name would be left out in silence."""
    with pytest.raises(TypeError, match="LotQuantity has no field 'colour'"):
        LotQuantity(**LOT, colour="blue")
    with pytest.raises(TypeError, match="Refusal has no field 'id'"):
        Refusal(code=Code.MALFORMED, detail="no", id="1")
    with pytest.raises(TypeError, match="has no field 'kind'"):
        CloudEvent[LotQuantity](kind="x")  # type: ignore[type-var, call-arg]


def test_copying_with_an_unknown_field_raises() -> None:
    """A copy takes values without validation, so also those of no field."""
    some = LotQuantity(**LOT)
    assert some.model_copy(update={"lot": "L-2"}) == LotQuantity(lot="L-2", quantity=some.quantity)
    with pytest.raises(TypeError, match="LotQuantity has no field 'colour'"):
        some.model_copy(update={"colour": "blue"})


def test_what_others_sent_may_have_more_fields() -> None:
    """At every depth, from JSON and from Python, and nothing of it stays."""
    known = LotShipped(sku="A", order="O", line="1", shipment="S", customer="C", lots=[LotQuantity(**LOT)])
    data = json.loads(known.model_dump_json()) | {"lots": [LOT | {"colour": "blue"}], "new": 1}
    assert LotShipped.model_validate(data) == known
    sent = json.loads(message(known)) | {"data": data, "extension": "x"}
    assert CloudEvent[LotShipped].model_validate_json(json.dumps(sent)).data == known


def test_schemas_stay_open() -> None:
    """A published schema does not tell readers to refuse what is added later."""
    assert "additionalProperties" not in json.dumps(CloudEvent[LotShipped].model_json_schema())


def test_every_model_of_ours_has_this_base() -> None:
    """Another base would leave out unknown fields in silence; settings come from the environment alone."""
    found = [
        f"{path.relative_to(ROOT)}: {node.name}"
        for name in ("services", "shared", "deploy")
        for path in sorted((ROOT / name).rglob("*.py"))
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.ClassDef) and any(ast.unparse(base) in DIRECT for base in node.bases)
    ]
    assert found == ["shared/contracts/model.py: KnownFieldsModel"]
