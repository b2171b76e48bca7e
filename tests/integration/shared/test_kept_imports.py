"""Migration of kept imports: their rows are counted, those of cancelled ones stay cancelled."""

import os
import shutil
from datetime import UTC, datetime
from pathlib import Path

import asyncpg
import pytest

from shared.persistence.migrate import migrate, versions_folder

BEFORE = datetime(2026, 1, 1, tzinfo=UTC)
IMPORTS = """
    INSERT INTO import (number, kind, status, actor, sending, is_dry_run, created_at, ended_at)
    VALUES ('D', 'products', 'DONE', 'sue', 2, false, $1, $1), ('C', 'products', 'CANCELLED', 'sue', 1, false, $1, $1),
           ('R', 'products', 'RUNNING', 'sue', 1, false, $1, NULL)
"""
ROWS = """
    INSERT INTO import_row (number, key, line, fields, status, problems, sending)
    VALUES ('D', 'A', 2, '{}', 'DONE', '[]', 1), ('D', 'B', 3, '{}', 'FAILED', '[]', 1),
           ('C', 'A', 2, '{}', 'PENDING', '[]', 1), ('R', 'A', 2, '{}', 'PENDING', '[]', 1)
"""


COUNTS = "SELECT number, sent_at, cancelled_sending, done_rows, failed_rows, cancelled_rows FROM import"


@pytest.mark.parametrize("kept_service", ["receiving"], indirect=True)
async def test_kept_imports_are_counted(kept_service: str, tmp_path: Path) -> None:
    """S45: imports of an earlier revision have their counts, and rows of cancelled ones are not processed."""
    folder = versions_folder(kept_service)
    (revision,) = folder.glob("*_import_senders.py")

    def later(_: str, names: list[str]) -> list[str]:
        return [name for name in names if name[:4].isdigit() and name[:4] >= revision.name[:4]]

    shutil.copytree(folder, tmp_path, dirs_exist_ok=True, ignore=later)
    await migrate(kept_service, tmp_path)
    owner = await asyncpg.connect(os.environ["RECEIVING_MIGRATION_DATABASE_URL"])
    await owner.execute(IMPORTS.replace("$1", f"'{BEFORE.isoformat()}'"))
    await owner.execute(ROWS)
    await migrate(kept_service)
    rows = await owner.fetch(COUNTS)
    await owner.close()
    assert sorted(map(tuple, rows)) == [
        ("C", BEFORE, 1, 0, 0, 1), ("D", BEFORE, 0, 1, 1, 0), ("R", BEFORE, 0, None, None, None),
    ]  # fmt: skip
