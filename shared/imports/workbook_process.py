"""Reading of a workbook in a process of its own, whose memory and time are limited whatever the file holds.

A workbook of half a megabyte can unpack to elements that fill any memory. Run as a module, this writes the rows of a
workbook as lines of JSON.
"""

import json
import os
import resource
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import IO, cast

from openpyxl.worksheet._read_only import ReadOnlyWorksheet

from shared.imports.files import BadCell, Cell, FileError, Line, Number
from shared.imports.xlsx_files import read_workbook

MAX_MEMORY_BYTES = 1024 * 1024 * 1024
MAX_CPU_SECONDS = 300
OUT_OF_MEMORY = 3
"""Exit code of a process that needed more memory."""
MAX_REASON = 500
PROJECT = Path(__file__).parents[2]


def read_xlsx(path: Path) -> Iterator[Line]:
    """Read the rows of the only sheet with content."""
    limits = (str(MAX_MEMORY_BYTES), str(MAX_CPU_SECONDS))
    command = [sys.executable, "-m", __name__, str(path.resolve()), *limits]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, cwd=PROJECT) as process:  # noqa: S603 - this module
        try:
            yield from _read_lines(cast("IO[bytes]", process.stdout))
            process.wait()
        finally:
            process.kill()
    match process.returncode:
        case 0:
            return
        case code if code == OUT_OF_MEMORY:
            raise FileError(f"The workbook takes more than {MAX_MEMORY_BYTES // 2**20} MiB of memory. Send CSV.")
        case code if code == -signal.SIGXCPU:
            raise FileError(f"The workbook takes more than {MAX_CPU_SECONDS} s to read. Send CSV.")
        case _:
            raise FileError("The workbook is damaged. Save it again, or as CSV.")


def _read_lines(stream: IO[bytes]) -> Iterator[Line]:
    for text in stream:
        content = json.loads(text)
        if isinstance(content, str):
            raise FileError(content)
        line, cells = content
        yield line, [cell if isinstance(cell, str) else _to_cell(*cell) for cell in cells]


def _to_cell(value: str, problem: str = "", hint: str = "") -> Cell:
    return BadCell(value, problem, hint) if problem else Number(value)


def write_rows(path: Path) -> None:
    """Write the rows as lines of JSON; a line that is a text says why the file cannot be read."""
    try:
        for line, cells in read_workbook(path):
            values = [(cell,) if isinstance(cell, Number) else cell for cell in cells]
            sys.stdout.write(f"{json.dumps((line, values))}\n")
    except FileError as error:
        sys.stdout.write(f"{json.dumps(str(error))}\n")
    except MemoryError:
        os._exit(OUT_OF_MEMORY)  # no memory for anything else
    except Exception as error:  # noqa: BLE001 - what a damaged workbook raises
        if "out of memory" in str(error):
            os._exit(OUT_OF_MEMORY)
        sys.stdout.write(f"{json.dumps(f'The workbook is damaged: {error}. Save it again, or as CSV.'[:MAX_REASON])}\n")
    sys.stdout.flush()


def _ignore_dimensions() -> None:
    """Keep openpyxl from looking for the size of a sheet, which loads a whole sheet that does not state it."""
    ReadOnlyWorksheet._get_size = lambda _: None  # type: ignore[method-assign]  # noqa: SLF001


if __name__ == "__main__":
    _ignore_dimensions()
    memory, seconds = (int(limit) for limit in sys.argv[2:])
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds + 1))
    write_rows(Path(sys.argv[1]))
