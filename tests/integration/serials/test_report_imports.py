"""Reports of stock that the import of opening stock takes back."""

from collections.abc import Mapping
from datetime import date
from pathlib import Path

import httpx
import pytest

from services.receiving.imports import KINDS
from shared.contracts.commands.serials import PlaceSerialHold
from shared.imports.files import FileOptions
from shared.imports.kinds import Fields, ReadRow
from shared.imports.rows import read_rows
from tests.integration.serials.conftest import SerialsHarness
from tests.integration.serials.messages import ProductMessages

OPENING = next(kind for kind in KINDS if kind.name == "opening-serials")
SERIALS = [
    "0012", "=1+1", "+49", "-7", "@A", "'A", "''=A", "'=A", "1.2E13", "A,B", 'A"B', "A;B", "_x0041_", "true", "01/02",
    "A  B", "(default)", "error_line", "A" * 64, "2026-01-01", "1,5", "#N/A", "serial", "é".encode().hex(),
]  # fmt: skip
"""Serial numbers that a spreadsheet, a delimiter or a guard may change."""


@pytest.mark.parametrize(("form", "query"), [("csv", "true"), ("csv", "false"), ("xlsx", None)])
async def test_whole_report_is_taken_back(
    http: httpx.AsyncClient, harness: SerialsHarness, tmp_path: Path, form: str, query: str | None
) -> None:
    """S39, S45: serial-location is imported as it is exported; what the import would lose is an error of its row."""
    messages, held = ProductMessages(harness.sku), SERIALS[0]
    await harness.handle(messages.receive(SERIALS, lot="=L-1", expiry=date(2031, 5, 1)))
    await harness.handle(messages.put_away(SERIALS[:9]))
    await harness.handle(PlaceSerialHold(sku=harness.sku, serials=[held], hold_id="H-1", reason="look"))
    guard = {} if query is None else {"guard": query}
    answer = await http.get(f"/reports/serial-location.{form}", params={"sku": harness.sku, **guard})
    path = tmp_path / f"report.{form}"
    path.write_bytes(answer.content)
    rows = list(read_rows(path, OPENING, FileOptions(guard=query == "true")))
    assert [(row.problems[0].column, row.problems[0].value.lower()) for row in rows if row.problems] == [
        ("on_hold", "true")
    ]
    items = (await http.get("/reports/serial-location", params={"sku": harness.sku, "limit": 100})).json()["items"]
    assert by_serial(rows) == {item["serial"]: expected_fields(item) for item in items if item["serial"] != held}
    assert len(items) == len(SERIALS)


def by_serial(rows: list[ReadRow]) -> dict[str, Fields]:
    """Return the sound rows by serial number."""
    return {row.fields["serial"]: row.fields for row in rows if not row.problems}


def expected_fields(item: Mapping[str, str]) -> Fields:
    """Return what the import takes over of a row of the report."""
    return {name: item[name] for name in ("location", "sku", "serial", "lot", "expiry")}
