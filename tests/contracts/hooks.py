"""Hooks of Schemathesis: half of the generated requests name existing resources and have a key of their own."""

import json
import os
from pathlib import Path
from typing import Any
from urllib.parse import quote
from zlib import crc32

import schemathesis

from tests.contracts.records import RECORDS_VARIABLE, Record, choose

RECORDS: list[Record] = json.loads(Path(os.environ[RECORDS_VARIABLE]).read_text())


@schemathesis.hook
def before_call(_context: schemathesis.HookContext, case: schemathesis.Case[Any], _arguments: dict[str, Any]) -> None:
    """Replace identifiers in path, query and body; the choice depends on the generated values only."""
    generated = repr((case.path_parameters, case.query, case.body))
    path_names = set(case.path_parameters or {})
    names = path_names or (set(case.body) if isinstance(case.body, dict) else set())
    record = choose(RECORDS, names, generated, is_complete=bool(path_names))
    fill(case.path_parameters, {name: quote(value, safe="") for name, value in record.items()})
    fill(case.query, record)
    fill(case.body, record)
    if case.headers is not None and case.headers.get("Idempotency-Key"):
        case.headers["Idempotency-Key"] = f"{crc32(generated.encode(errors='surrogatepass')):08x}"


def fill(part: Any, record: Record) -> None:
    """Replace the texts of a generated value by those of a record, at any depth."""
    if isinstance(part, list):
        for item in part:
            fill(item, record)
    elif hasattr(part, "items"):
        for name, value in list(part.items()):
            if name in record and isinstance(value, str | int):
                part[name] = record[name]
            elif name == "serials" and "serial" in record and isinstance(value, list) and value:
                part[name] = [record["serial"]]
            else:
                fill(value, record)
