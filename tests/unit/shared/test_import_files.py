"""Reading of files for imports: everything is text, and what is no table is refused with the reason."""

import csv
import io
from collections.abc import Callable
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile

import pytest
import xlsxwriter
from hypothesis import given
from hypothesis import strategies as st

from services.receiving.imports import KINDS
from shared.imports import xlsx_files
from shared.imports.files import FileError, FileOptions
from shared.imports.kinds import ReadRow
from shared.imports.rows import read_rows

EXPECTED = next(kind for kind in KINDS if kind.name == "expected-serials")
PRODUCTS = next(kind for kind in KINDS if kind.name == "products")
OPENING_LOTS = next(kind for kind in KINDS if kind.name == "opening-lots")
HEADER = "receipt,warehouse,sku,serial\n"
ROW = "R1,EAST,PUMP,0007\n"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """A path of a file."""
    return tmp_path / "file"


def read(path: Path, content: str | bytes, options: FileOptions | None = None) -> list[ReadRow]:
    """Read a file of expected serial numbers."""
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return list(read_rows(path, EXPECTED, options or FileOptions()))


def workbook(fill: Callable[[xlsxwriter.Workbook], None]) -> bytes:
    """Write a workbook."""
    buffer = io.BytesIO()
    book = xlsxwriter.Workbook(buffer)
    fill(book)
    book.close()
    return buffer.getvalue()


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-be", "cp1252"])
@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_encodings_and_delimiters(path: Path, encoding: str, delimiter: str) -> None:
    """S45: each encoding and delimiter gives the same text; leading zeros stay."""
    text = (HEADER.replace("\n", ",supplier\n") + "R1,EAST,PUMP,0007,Müller\n").replace(",", delimiter)
    content = (("\ufeff" if encoding == "utf-16-be" else "") + text).encode(encoding)
    (row,) = read(path, content, FileOptions(encoding="windows-1252" if encoding == "cp1252" else None))
    assert (row.fields["serial"], row.fields["supplier"], row.problems) == ("0007", "Müller", [])


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("", "empty"),
        ("\n\n \n", "empty"),
        (HEADER, "no rows"),
        (b"\x00\x01\x02" * 100, "binary"),
        (bytes.fromhex("D0CF11E0A1B11AE1") + b"\0" * 100, "old or password-protected"),
        (b"PK\x03\x04broken", "damaged"),
        (HEADER + ROW + HEADER, "Line 3 repeats the header"),
        ("receipt,warehouse,sku,serial,Serial No\n" + ROW, "Several columns are serial"),
        ("receipt,warehouse,sku,serial,colour\n" + ROW, "Unknown columns: colour"),
        ("receipt,warehouse,sku,,serial\n" + ROW, "column 4 without a header"),
        ("receipt,warehouse,sku\nR1,EAST,PUMP\n", "Missing columns: serial"),
        ("Müller,".encode() + HEADER.encode() + "Größe".encode("cp1252"), "Line 2 is not utf-8"),
        (HEADER + ROW + "\n" * 10_001 + ROW, "blank rows"),
        (HEADER + 'R1,EAST,PUMP,"A\n', "is not CSV"),
        (HEADER + "R1,EAST,PUMP," + "9" * 200_000, "more than 100000 characters"),
        (HEADER + 'R1,EAST,PUMP,"' + "9\n" * 100_000, "field larger than field limit"),
    ],
)
def test_wrong_files_are_refused(path: Path, content: str | bytes, reason: str) -> None:
    """S45: a file that is no table of the kind is refused with the reason."""
    with pytest.raises(FileError, match=reason):
        read(path, content)


def test_wrong_archives_are_refused(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """S45: archives without a workbook, with macros or that unpack to too much are refused before they are unpacked."""
    for names, reason in (
        (["a.txt"], "without a workbook"),
        (["xl/workbook.xml", "xl/vbaProject.bin"], "macros"),
        (["xl/workbook.xml", "xl/worksheets/sheet1.xml"], "unpacks to more"),
    ):
        with ZipFile(path, "w", ZIP_DEFLATED) as archive:
            for name in names:
                archive.writestr(name, b"0" * 100_000)
        monkeypatch.setattr(xlsx_files, "MAX_UNPACKED_BYTES", 150_000)
        with pytest.raises(FileError, match=reason):
            list(xlsx_files.read_workbook(path))


def test_workbook_cells(path: Path) -> None:
    """S45: text cells are verbatim, numbers exact; formulas, errors and rounded numbers are errors of their row."""

    def fill(book: xlsxwriter.Workbook) -> None:
        sheet = book.add_worksheet()
        for column, name in enumerate(("receipt", "warehouse", "sku", "serial")):
            sheet.write_string(0, column, name)
        zeros = book.add_format({"num_format": "000000"})
        for line in range(1, 7):
            sheet.write_row(line, 0, ["R1", "EAST", "PUMP"])
        sheet.write_string(1, 3, "_x0041_")
        sheet.write_number(2, 3, 12_000_000_000_000)
        sheet.write_number(3, 3, 123, zeros)
        sheet.write_formula(4, 3, "=A1&B1", None, "R1EAST")
        sheet.write_number(5, 3, 12_345_678_901_234_567)
        sheet.write_boolean(6, 3, True)

    rows = read(path, workbook(fill))
    assert [row.fields["serial"] for row in rows if not row.problems] == ["_x0041_", "12000000000000", "000123", "true"]
    assert [(row.line, row.problems[0].column, row.problems[0].problem[:30]) for row in rows if row.problems] == [
        (5, "serial", "the cell is a formula"), (6, "serial", "the cell is a number of more t"),
    ]  # fmt: skip


def test_blank_rows_of_workbooks_are_limited(path: Path) -> None:
    """S45: a million blank rows end the reading early."""

    def fill(book: xlsxwriter.Workbook) -> None:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["receipt", "warehouse", "sku", "serial"])
        sheet.write_row(1_048_575, 0, ["R1", "EAST", "PUMP", "1"])

    with pytest.raises(FileError, match="blank rows"):
        read(path, workbook(fill))


def test_problems_of_rows(path: Path) -> None:
    """S45: each problem names its line, column and value, and says what would help."""
    rows = read(path, HEADER + "R1,EAST,PUMP,1.2E+13\nR1,EAST,,A\nR1,EAST,PUMP,Ä\nR1,EAST,PUMP,B,C\n'=R,EAST,PUMP,B\n")
    found = [(row.line, row.problems[0].column, row.problems[0].value) for row in rows]
    assert found == [(2, "serial", "1.2E+13"), (3, "sku", ""), (4, "serial", "Ä"), (5, "", ""), (6, "receipt", "'=R")]
    assert all(problem.help for row in rows for problem in row.problems)


def test_headers_are_mapped(path: Path) -> None:
    """S45: a header is found in any spelling, by an alias or by the mapping of the sender."""
    (row,) = read(
        path, "ASN|Ware House|SKU|Seriennr|Farbe|\nR1|EAST|PUMP|7|red|\n".replace("|", ";"),
        FileOptions(headers=(("Seriennr", "serial"), ("Farbe", ""))),
    )  # fmt: skip
    assert (row.problems, row.fields) == ([], {"receipt": "R1", "warehouse": "EAST", "sku": "PUMP", "serial": "7"})


def test_identifiers_are_explained(path: Path) -> None:
    """S45: an identifier that no command takes is explained in words, with what the column takes."""
    content = f"{HEADER}R 1,EAST,PUMP,1\nR1,EAST,PU\u00a0MP,2\nR1,{'E' * 40},PUMP,3\n"
    rows = read(path, content)
    found = [(row.problems[0].column, row.problems[0].problem) for row in rows]
    assert found == [
        ("receipt", "blanks are not allowed"),
        ("sku", "character '\\xa0' (U+00A0) at position 3 is not allowed"),
        ("warehouse", "40 characters are too many; at most 32"),
    ]
    assert rows[0].problems[0].help == "The column takes: number of the receipt (ASN)."


def test_rounded_numbers_are_refused_in_every_text(path: Path) -> None:
    """S45: a spreadsheet has rounded telephone numbers and barcodes too."""
    content = "sku,name,barcodes\nA,4.93E+10,\nB,x,12345678 4.01E+12\nC,12E5,E5\n"
    path.write_text(content)
    rows = list(read_rows(path, PRODUCTS, FileOptions()))
    assert [[problem.column for problem in row.problems] for row in rows] == [["name"], ["barcodes"], []]


@pytest.mark.parametrize(
    ("decimal", "text", "quantity"),
    [(".", "12.5", "12.5"), (".", "1,234", None), (",", "12,5", "12.5"), (",", "1.234", None), (",", "1.234,5", None)],
)
def test_quantities_have_the_declared_sign(path: Path, decimal: str, text: str, quantity: str | None) -> None:
    """S45: a point is no decimal sign where a comma is declared: it may group digits."""
    path.write_text(f"location;sku;lot;quantity\nEAST/A;MILK;L1;{text}\n")
    (row,) = read_rows(path, OPENING_LOTS, FileOptions(decimal="," if decimal == "," else "."))
    assert [problem.column for problem in row.problems] == ([] if quantity else ["quantity"])
    assert row.fields["quantity"] == (quantity or text)


def test_numbers_of_workbooks_have_a_point(path: Path) -> None:
    """S45: a number cell is exact, whatever decimal sign is declared; a text cell has the declared one."""

    def fill(book: xlsxwriter.Workbook) -> None:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, ["location", "sku", "lot", "quantity"])
        sheet.write_row(1, 0, ["EAST/A", "MILK", "L1", 1.234])
        sheet.write_row(2, 0, ["EAST/A", "MILK", "L2"])
        sheet.write_string(2, 3, "1,234")

    path.write_bytes(workbook(fill))
    rows = list(read_rows(path, OPENING_LOTS, FileOptions(decimal=",")))
    assert [(row.fields["quantity"], row.problems) for row in rows] == [("1.234", []), ("1.234", [])]


@pytest.mark.parametrize(("encoding", "delimiter"), [("utf-8", ","), ("windows-1252", ";"), ("utf-16", "\t")])
def test_list_of_errors_is_read_by_its_own_form(path: Path, encoding: str, delimiter: str) -> None:
    """S45: a list of errors has our headers, signs and dates, also if a spreadsheet has saved it in another form."""
    text = (
        "location,sku,lot,quantity,expiry,receipt,error_line,error_problem\nEAST/A,MILK,L1,1.234,2027-01-31,R-ß,2,x\n"
    )
    path.write_bytes(text.replace(",", delimiter).encode(encoding))
    options = FileOptions("windows-1252", "semicolon", "DD.MM.YYYY", ",", headers=(("Menge", "quantity"), ("sku", "")))
    (row,) = read_rows(path, OPENING_LOTS, options)
    assert (row.fields["quantity"], row.fields["expiry"], row.fields["receipt"]) == ("1.234", "2027-01-31", "R-ß")


def test_headers_of_the_mapping_must_be_there(path: Path) -> None:
    """S45: a column that the mapping names and the file lacks is no column of empty cells."""
    options = FileOptions(headers=(("Seriennr", "serial"), ("Lieferant", "supplier"), ("Farbe", "")))
    with pytest.raises(FileError, match="Missing headers, which the mapping names: Lieferant"):
        read(path, "receipt,warehouse,sku,Seriennr\nR1,EAST,PUMP,1\n", options)


def test_attributes_of_products(path: Path) -> None:
    """S45: lists must fit together, and a tracking must not contradict the flags."""
    content = "sku,barcodes,barcode quantities,tracking,lot tracked\nA,1 2,5,LOT,\nB,1 2,5 6,LOT,no\nC,,1,NONE,\n"
    path.write_text(content)
    rows = list(read_rows(path, PRODUCTS, FileOptions()))
    assert [(row.problems[0].column, row.problems[0].problem) for row in rows] == [
        ("barcode_quantities", "1 values for 2 barcodes"), ("tracking", "LOT contradicts lot_tracked"),
        ("barcode_quantities", "1 values for 0 barcodes"),
    ]  # fmt: skip


def test_second_sheets_are_refused(path: Path) -> None:
    """S45: rows of a second sheet are not ignored in silence."""

    def fill(book: xlsxwriter.Workbook) -> None:
        for _ in range(2):
            sheet = book.add_worksheet()
            sheet.write_row(0, 0, ["receipt", "warehouse", "sku", "serial"])
            sheet.write_row(1, 0, ["R1", "EAST", "PUMP", "1"])

    with pytest.raises(FileError, match="one table per file"):
        read(path, workbook(fill))


@given(content=st.binary(max_size=400) | st.text(max_size=400).map(lambda text: (HEADER + text).encode()))
def test_any_content_is_read_or_refused(tmp_path_factory: pytest.TempPathFactory, content: bytes) -> None:
    """S45: any bytes give rows or a documented error."""
    path = tmp_path_factory.mktemp("fuzz") / "file"
    path.write_bytes(content)
    try:
        rows = list(read_rows(path, EXPECTED, FileOptions()))
    except FileError:
        rows = []
    assert all(row.line > 1 for row in rows)


def test_templates_are_headers() -> None:
    """S45: the names of the columns of each kind are different headers."""
    for kind in KINDS:
        headers = [header for column in kind.columns for header in column.headers]
        assert len(headers) == len(set(headers)), kind.name
        assert next(csv.reader([",".join(column.name for column in kind.columns)]))
    assert PRODUCTS.key_of({"sku": "A"}) == "A"
