"""Files that are no table of serial numbers, as senders really send them, and one that is made to fill any memory."""

import io
import zlib
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

import xlsxwriter

HEADER = "receipt,warehouse,sku,serial\n"
ROW = "R1,EAST,PUMP,0007\n"
MIB = 2**20
BOMB_BYTES = 3584 * MIB
SHEET = "xl/worksheets/sheet1.xml"
SHEET_START = b'<worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>'
SHEET_END = b"</sheetData></worksheet>"


def endless_line(size: int) -> Iterator[bytes]:
    """Generate one line of a size in bytes."""
    block = b"9" * MIB
    return (block for _ in range(size // MIB))


def build_workbook(fill: Callable[[xlsxwriter.worksheet.Worksheet], object] = lambda _: None) -> bytes:
    """Build a workbook with a header and one row."""
    buffer = io.BytesIO()
    with xlsxwriter.Workbook(buffer) as book:
        sheet = book.add_worksheet()
        sheet.write_row(0, 0, HEADER.strip().split(","))
        sheet.write_row(1, 0, ROW.strip().split(","))
        fill(sheet)
    return buffer.getvalue()


def replace_part(path: Path, part: str, blocks: Iterator[bytes]) -> None:
    """Write a workbook of which a part has other content."""
    with (
        ZipFile(io.BytesIO(build_workbook())) as template,
        ZipFile(path, "w", ZIP_DEFLATED, compresslevel=1) as archive,
    ):
        for entry in template.infolist():
            if entry.filename != part:
                archive.writestr(entry.filename, template.read(entry))
        with archive.open(part, "w") as file:
            for block in blocks:
                file.write(block)


def write_bomb(path: Path, *, stated_bytes: int = BOMB_BYTES) -> None:
    """Write a workbook whose sheet unpacks to several GB, of which its directory states a size."""
    packer = zlib.compressobj(9, zlib.DEFLATED, -zlib.MAX_WBITS)
    block = packer.compress(b" " * MIB) + packer.flush(zlib.Z_FULL_FLUSH)
    packed = block * (BOMB_BYTES // MIB) + packer.flush()
    replace_part(path, SHEET, iter(()))
    with ZipFile(path, "a") as archive:
        assert archive.fp is not None
        entry = next(found for found in archive.filelist if found.filename == SHEET)
        archive.filelist.remove(entry)
        bomb = ZipInfo(SHEET)
        bomb.compress_type, bomb.compress_size, bomb.file_size = ZIP_DEFLATED, len(packed), stated_bytes
        bomb.header_offset, bomb.CRC = archive.start_dir, 0
        archive.fp.seek(archive.start_dir)
        archive.fp.write(bomb.FileHeader() + packed)
        archive.start_dir = archive.fp.tell()
        archive.filelist.append(bomb)
        archive.comment = b"changed, so that the directory is written again"


def write_cells(path: Path, size: int) -> None:
    """Write a small workbook with one row of so many cells that they fill any memory."""
    block = b"<c/>" * (MIB // 4)
    row = (block for _ in range(size // MIB))
    replace_part(path, SHEET, iter([SHEET_START, b'<row r="1">', *row, b"</row>", SHEET_END]))


def _blank_rows() -> Iterator[bytes]:
    yield SHEET_START
    for start in range(1, 1_000_001, 10_000):
        yield b"".join(b'<row r="%d"/>' % number for number in range(start, start + 10_000))
    yield SHEET_END


def _write_macros(path: Path) -> None:
    replace_part(path, "xl/vbaProject.bin", iter([bytes.fromhex("D0CF11E0A1B11AE1") + bytes(4096)]))


def _repeat_column(sheet: xlsxwriter.worksheet.Worksheet) -> None:
    sheet.write_string(0, 4, "Serial No.")


WRONG_FILES: Mapping[str, tuple[Callable[[Path], object], str]] = {
    "empty": (lambda path: path.write_bytes(b""), "The file is empty"),
    "blank": (lambda path: path.write_bytes(b"\n \r\n\t"), "The file is empty"),
    "binary": (lambda path: path.write_bytes(bytes(range(256)) * 4096), "The file is binary"),
    "picture": (lambda path: path.write_bytes(b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + bytes(10_000)), "The file is binary"),
    "old Excel": (lambda path: path.write_bytes(bytes.fromhex("D0CF11E0A1B11AE1") + bytes(512)), "An old or password"),
    "zip bomb": (write_bomb, "unpacks to more than 1024 MiB"),
    "zip bomb that states a small size": (lambda path: write_bomb(path, stated_bytes=4000), "is damaged"),
    "long line": (lambda path: path.write_bytes(b"".join(endless_line(16 * MIB))), "more than 100000 characters"),
    "long second line": (
        lambda path: path.write_bytes(HEADER.encode() + b"".join(endless_line(16 * MIB))),
        "more than 100000 characters",
    ),
    "two headers": (lambda path: path.write_text(HEADER + ROW + HEADER + ROW), "Line 3 repeats the header"),
    "header of two lines": (lambda path: path.write_text("Goods,,,\n" + HEADER + ROW), "Unknown columns: Goods"),
    "duplicate columns": (
        lambda path: path.write_text(f"{HEADER.strip()},Serial No.\n{ROW.strip()},8\n"), "Several columns are serial",
    ),
    "duplicate columns of a workbook": (
        lambda path: path.write_bytes(build_workbook(_repeat_column)), "Several columns are serial",
    ),
    "mixed encodings": (
        lambda path: path.write_bytes(
            HEADER.encode() + "R1,EAST,PÜMP,1\n".encode() + "R1,EAST,PÜMP,2\n".encode("cp1252")
        ),
        "Line 3 is not utf-8",
    ),
    "UTF-16 within UTF-8": (
        lambda path: path.write_bytes(HEADER.encode() + ROW.encode() + ROW.encode("utf-16-le")), "The file is binary",
    ),
    "formula cells": (
        lambda path: path.write_bytes(build_workbook(lambda sheet: sheet.write_formula(1, 3, "=A2&B2", None, "R1"))),
        "the cell is a formula",
    ),
    "formula as header": (
        lambda path: path.write_bytes(build_workbook(lambda sheet: sheet.write_formula(0, 4, "=A1", None, "R1"))),
        "Column 5 of the header: the cell is a formula",
    ),
    "macros": (_write_macros, "The workbook contains macros"),
    "a million blank lines": (
        lambda path: path.write_text(HEADER + "\n" * 1_000_000 + ROW), "More than 10000 blank rows",
    ),
    "a million empty records": (
        lambda path: path.write_text(HEADER + ",,,\n" * 1_000_000 + ROW), "More than 10000 blank rows",
    ),
    "a million blank rows": (lambda path: replace_part(path, SHEET, _blank_rows()), "blank rows"),
    "a last row": (
        lambda path: path.write_bytes(build_workbook(lambda sheet: sheet.write_string(1_048_575, 0, "R1"))),
        "More than 10000 blank rows",
    ),
}  # fmt: skip
"""Name, writer and the start of the reason why the file is refused."""
