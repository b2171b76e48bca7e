"""Wrong files: each is refused with the reason, in bounded memory that is measured in a process of its own."""

from pathlib import Path

import pytest

from shared.imports import workbook_process
from shared.imports.files import FileError
from tests.support.file_reader import peak_mib, run_module
from tests.support.wrong_files import MIB, WRONG_FILES, write_cells

MAX_GROWTH_MIB = 48
"""Memory that reading any file may take in the service."""
MAX_WORKBOOK_MIB = 128
"""Memory that the process may take that reads one of these workbooks."""


def test_wrong_files_are_refused_in_bounded_memory(tmp_path: Path) -> None:
    """S45: ten kinds of wrong files and their variants are refused with the reason; none fills the memory."""
    paths = []
    for index, (write, _) in enumerate(WRONG_FILES.values()):
        paths.append(tmp_path / f"{index}")
        write(paths[-1])
    found = run_module("tests.support.file_reader", *map(str, paths))
    for (reason, growth, workbook), (name, (_, expected)) in zip(found, WRONG_FILES.items(), strict=True):
        assert expected in reason, name
        assert len(reason) < 600, name
        assert growth < MAX_GROWTH_MIB, name
        assert workbook < MAX_WORKBOOK_MIB, name


def test_memory_and_time_of_workbooks_are_limited(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """S45: a small workbook that fills any memory, or takes any time, is refused by the limits of its process."""
    path = tmp_path / "cells.xlsx"
    write_cells(path, 24 * MIB)
    before = peak_mib()
    for limit, value, reason in (
        ("MAX_MEMORY_BYTES", 160 * MIB, "takes more than 160 MiB"), ("MAX_CPU_SECONDS", 1, "takes more than 1 s"),
    ):  # fmt: skip
        with monkeypatch.context() as patch:
            patch.setattr(workbook_process, limit, value)
            with pytest.raises(FileError, match=reason):
                list(workbook_process.read_xlsx(path))
    assert peak_mib() - before < MAX_GROWTH_MIB
