"""Fields of commands have an effect: none is ignored in silence."""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, get_args

import pytest
from pydantic import BaseModel, ValidationError

from shared.contracts.commands.lot_corrections import CorrectLotNumber
from shared.contracts.commands.lots import CountLot
from shared.contracts.commands.receiving import ResolveDiscrepancy, ScanItems
from shared.contracts.commands.serials import AdjustSerials, CountSerials
from shared.contracts.envelope import Message
from shared.messaging.handlers import CommandHandler
from tests.unit.shared.test_command_documents import for_each_command

ROOT = Path(__file__).resolve().parents[3]
ADJUSTMENT = {"sku": "A", "serials": ["1"], "reason": "r", "location": "EAST/1"}
RESOLUTION = {"receipt": "R", "discrepancy": "D", "reason": "r"}
NUMBER = {"sku": "A", "from_lot": "1", "lot": "2", "reason": "r"}
COUNT = {"location": "EAST/1", "reason": "r", "clock_error_seconds": 5}
SCAN = {"receipt": "R", "session": "S", "sku": "A", "location": "EAST/1", "lots": [{"lot": "1"}]}
WITHOUT_EFFECT: list[tuple[type[Message], dict[str, Any]]] = [
    *((AdjustSerials, ADJUSTMENT | {"adjustment": kind}) for kind in ("SCRAPPED", "LOST", "VOID")),
    (ResolveDiscrepancy, RESOLUTION | {"resolution": "MATCH", "line": "1"}),
    (ResolveDiscrepancy, RESOLUTION | {"resolution": "ACCEPT", "match_to": "1"}),
    (CorrectLotNumber, NUMBER | {"order": "O"}),
    (CorrectLotNumber, NUMBER | {"quantity": 1}),
    (CountLot, COUNT | {"sku": "A", "counted": 1}),
    (CountSerials, COUNT | {"count_id": "C"}),
    *((ScanItems, SCAN | {name: "2027-01-01"}) for name in ("lot", "expiry", "manufactured_on", "best_before")),
]


@pytest.mark.parametrize(("model", "data"), WITHOUT_EFFECT)
def test_fields_without_effect_are_refused(model: type[Message], data: dict[str, Any]) -> None:
    """A field that another field makes meaningless is an error that names it (S03)."""
    with pytest.raises(ValidationError, match=r"appl(y|ies) to|require"):
        model.model_validate(data)


@for_each_command
def test_each_field_is_read(service: str, handler: CommandHandler) -> None:
    """Each field of a command, at any depth, is read by the service that handles it."""
    unread = sorted(set(field_names(handler.message)) - names_read_by(f"services/{service}") - names_read_by("shared"))
    assert unread == []


def field_names(model: type[BaseModel]) -> Iterator[str]:
    """Yield the names of the fields of a model and of the models within it."""
    for name, field in model.model_fields.items():
        yield name
        pending = [field.annotation, *field.metadata]
        while pending:
            annotation = pending.pop()
            pending += get_args(annotation)
            if isinstance(annotation, type) and issubclass(annotation, BaseModel):
                yield from field_names(annotation)


@cache
def names_read_by(package: str) -> set[str]:
    """Return the attributes that the code of a package reads; contracts only describe fields, but expand ranges."""
    paths = [path for path in (ROOT / package).rglob("*.py") if "contracts" not in path.parts]
    paths += [ROOT / "shared/contracts/serial_ranges.py"]
    nodes = (node for path in paths for node in ast.walk(ast.parse(path.read_text())))
    return {node.attr for node in nodes if isinstance(node, ast.Attribute)}
