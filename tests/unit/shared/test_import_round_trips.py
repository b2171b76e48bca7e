"""Exports that the import takes back: CSV files, guarded or not, and workbooks."""

from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from services.lots.lookup.queries.counts import REPORTS as COUNT_LISTS
from services.receiving.imports import KINDS
from shared.http.csv import _format_cell, _format_rows, _guard_cell
from shared.http.xlsx import Workbook
from shared.imports import xlsx_files
from shared.imports.files import FileOptions
from shared.imports.rows import read_row, read_rows
from shared.imports.tables import map_header

EXPECTED = next(kind for kind in KINDS if kind.name == "expected-serials")
OPENING_LOTS = next(kind for kind in KINDS if kind.name == "opening-lots")
IDENTIFIERS = st.from_regex(r"[!-~]([ -~]{0,20}[!-~])?", fullmatch=True)


@given(rows=st.lists(st.tuples(IDENTIFIERS, IDENTIFIERS), min_size=1, max_size=5), guard=st.booleans())
def test_exports_are_taken_back(
    tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str]], guard: bool
) -> None:
    """S45: what the CSV export writes, guarded or not, is read as the same values."""
    path = tmp_path_factory.mktemp("export") / "file.csv"
    values = [("R1", "EAST", sku, serial) for sku, serial in rows]
    header = ("receipt", "warehouse", "sku", "serial")
    path.write_bytes(_format_rows([header, *values], _guard_cell if guard else _format_cell))
    found = [(row.fields["sku"], row.fields["serial"]) for row in read_rows(path, EXPECTED, FileOptions(guard=guard))]
    assert found == rows


@example(rows=[("_x0041_", "=1+1")])
@settings(max_examples=30)
@given(rows=st.lists(st.tuples(IDENTIFIERS, IDENTIFIERS), min_size=1, max_size=5))
def test_workbooks_are_taken_back(tmp_path_factory: pytest.TempPathFactory, rows: list[tuple[str, str]]) -> None:
    """S45: what the XLSX export writes is read as the same values."""
    path = tmp_path_factory.mktemp("export") / "file.xlsx"
    book = Workbook(path, ["receipt", "warehouse", "sku", "serial"])
    book.write([("R1", "EAST", sku, serial) for sku, serial in rows])
    book.close()
    header, *lines = [cells for _, cells in xlsx_files.read_workbook(path)]
    columns = map_header([str(name) for name in header], EXPECTED, FileOptions())
    found = [read_row(2, cells, columns, EXPECTED, FileOptions(guard=False)).fields for cells in lines]
    assert [(fields["sku"], fields["serial"]) for fields in found] == rows


@pytest.mark.parametrize("guard", [True, False])
def test_lists_of_lots_are_taken_back(tmp_path: Path, guard: bool) -> None:
    """S45: the list of mixed locations is read as opening stock; a row with allocated stock is an error."""
    header = [column.name for report in COUNT_LISTS if report.name == "mixed-locations" for column in report.columns]
    values = [
        ("EAST/A-1", "EAST", "MILK", "=Milk", "'L/007", Decimal("12.50"), Decimal(0)),
        ("EAST/A-1", "EAST", "MILK", "=Milk", "L2", Decimal(3), Decimal(1)),
    ]
    path = tmp_path / "file"
    path.write_bytes(_format_rows([header, *values], _guard_cell if guard else _format_cell))
    first, second = read_rows(path, OPENING_LOTS, FileOptions(guard=guard))
    assert first.fields == {"location": "EAST/A-1", "sku": "MILK", "lot": "'L/007", "quantity": "12.5"}
    assert [(problem.column, problem.value) for problem in second.problems] == [("allocated", "1")]
    assert first.problems == []
