"""Lots of an earlier revision that differ only in case stay two lots."""

from pathlib import Path

import asyncpg
import pytest

from shared.persistence.migrate import migrate
from tests.integration.shared.test_kept_databases import migrate_to_first_revision

KEPT = {
    "receiving": """
        INSERT INTO lot_scan (scan_id, receipt, session, sku, lot, location, status, quantity, scanned_by, scanned_at)
        SELECT lot, 'R-1', 'S', 'MILK', lot, 'EAST/DOCK', status, 1, 'ann', now()
        FROM (VALUES ('AB-1', 'RECEIVED'), ('ab-1', 'RECEIVED'), ('c  1', 'RECEIVED'), ('D', 'REJECTED'))
            AS scanned (lot, status);
        INSERT INTO unit (sku, serial, version, status, is_listed, lot)
        VALUES ('PUMP', '1', 1, 'ON_HAND', false, 'E-1'), ('PUMP', '2', 1, 'SHIPPED', false, 'E-1'),
            ('PUMP', '3', 1, 'SCANNED', false, 'e-1');
    """,
    "lots": """
        INSERT INTO lot (sku, lot, first_received_at, supplier)
        VALUES ('MILK', 'AB-1', now(), ''), ('MILK', 'ab-1', now(), ''), ('MILK', 'c  1', now(), ''),
            ('SALT', '', now(), '');
        INSERT INTO recall_lot VALUES ('R-1', 'MILK', 'C  1');
    """,
}


async def kept_rows(owner: asyncpg.Connection, statement: str) -> list[tuple[object, ...]]:
    """The rows of a statement."""
    return sorted(tuple(row) for row in await owner.fetch(statement))


@pytest.mark.parametrize("kept_service", KEPT, indirect=True)
async def test_kept_lots_keep_their_numbers(kept_service: str, tmp_path: Path) -> None:
    """Both spellings stay, with one key; the second one counts as accepted beside the first (S25)."""
    owner = await migrate_to_first_revision(kept_service, tmp_path)
    await owner.execute(KEPT[kept_service])
    await migrate(kept_service)
    if kept_service == "receiving":
        assert await kept_rows(owner, "SELECT sku, lot, lot_key, is_variant FROM known_lot") == [
            ("MILK", "AB-1", "ab-1", False), ("MILK", "ab-1", "ab-1", True), ("MILK", "c  1", "c 1", False),
            ("PUMP", "E-1", "e-1", False),
        ]  # fmt: skip
    else:
        assert await kept_rows(owner, "SELECT sku, lot, lot_key FROM lot") == [
            ("MILK", "AB-1", "ab-1"), ("MILK", "ab-1", "ab-1"), ("MILK", "c  1", "c 1"), ("SALT", "", ""),
        ]  # fmt: skip
        assert await kept_rows(owner, "SELECT lot, lot_key FROM recall_lot") == [("C  1", "c 1")]
    await owner.close()
