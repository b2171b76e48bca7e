"""Migrations of databases that hold data of an earlier revision."""

import os
import shutil
from importlib import import_module
from pathlib import Path

import asyncpg
import pytest

from shared.contracts.lots import LotHoldReleased
from shared.messaging.decode import Decoder
from shared.persistence.migrate import migrate, versions_folder
from tests.integration.shared.conftest import MakeRecord


async def test_pending_rechecks_become_messages(kept_service: str, record: MakeRecord, tmp_path: Path) -> None:
    """A database at the first revision migrates; its pending rechecks become reallocation requests (S27)."""
    first_revision = versions_folder(kept_service) / f"0001_{kept_service}"
    shutil.copytree(first_revision, tmp_path / first_revision.name)
    shutil.copy(first_revision.with_suffix(".py"), tmp_path)
    await migrate(kept_service, tmp_path)
    owner = await asyncpg.connect(os.environ[f"{kept_service.upper()}_MIGRATION_DATABASE_URL"])
    await owner.execute("INSERT INTO demand_recheck VALUES ('B\"1', 'WEST'), ('A-1', 'EAST')")
    await migrate(kept_service)
    rows = await owner.fetch("SELECT topic, key, value FROM outbox ORDER BY id")
    assert await owner.fetchval("SELECT to_regclass('demand_recheck')") is None
    await owner.close()
    registry = import_module(f"services.{kept_service}.app").app.state.registry
    decoder = Decoder({handler.message.TYPE: handler.message for handler in registry.handlers})
    events = [decoder.decode(record(row["topic"], row["value"], row["key"].encode())) for row in rows]
    assert [(event.source, event.data.sku, event.data.warehouse) for event in events] == [  # type: ignore[union-attr]
        (f"tracelot/{kept_service}", "A-1", "EAST"),
        (f"tracelot/{kept_service}", 'B"1', "WEST"),
    ]
    assert all(map(registry.accepts, events))


HOLDS_OF_SHORT_PICKS = """
    INSERT INTO balance (sku, lot, location, warehouse, is_storage, on_hand, allocated)
    VALUES ('A-1', 'L1', 'EAST/1', 'EAST', true, 10, 3), ('A-1', 'L1', 'EAST/2', 'EAST', true, 4, 4),
        ('A-1', 'L1', 'EAST/3', 'EAST', true, 5, 0);
    INSERT INTO hold (
        hold_id, sku, lot, location, kind, reason, owner_role, pending_quantity, opened_by, opened_at,
        released_by, released_at, released_reason
    )
    SELECT hold_id, 'A-1', 'L1', location, kind, 'not there', '', 0, 'pat', now(), released_by, released_at, ''
    FROM (VALUES
        ('S1', 'EAST/1', 'NOT_FOUND', NULL, NULL), ('S2', 'EAST/1', 'NOT_FOUND', NULL, NULL),
        ('S3', 'EAST/2', 'NOT_FOUND', NULL, NULL), ('S4', 'EAST/3', 'NOT_FOUND', 'eve', now()),
        ('H1', 'EAST/3', 'MANUAL', NULL, NULL)
    ) AS h (hold_id, location, kind, released_by, released_at);
"""


@pytest.mark.parametrize("kept_service", ["lots"], indirect=True)
async def test_holds_of_short_picks_become_variances(kept_service: str, record: MakeRecord, tmp_path: Path) -> None:
    """What a short pick held stays under investigation; other services learn that the hold has ended (S20)."""
    for revision in versions_folder(kept_service).glob("000[1-4]*"):
        (shutil.copytree if revision.is_dir() else shutil.copy)(revision, tmp_path / revision.name)
    await migrate(kept_service, tmp_path)
    owner = await asyncpg.connect(os.environ["LOTS_MIGRATION_DATABASE_URL"])
    await owner.execute(HOLDS_OF_SHORT_PICKS)
    await migrate(kept_service)
    balances = await owner.fetch("SELECT location, on_hand, allocated, missing FROM balance ORDER BY location")
    variances = await owner.fetch("SELECT variance_id, missing, settlement FROM variance ORDER BY 1")
    holds = await owner.fetch("SELECT hold_id FROM hold WHERE released_at IS NULL")
    history = await owner.fetch("SELECT hold_id FROM hold ORDER BY released_number")
    rows = await owner.fetch("SELECT topic, key, value FROM outbox ORDER BY id")
    await owner.close()
    assert [tuple(map(str, row)) for row in balances] == [
        ("EAST/1", "10", "3", "7"), ("EAST/2", "4", "4", "0"), ("EAST/3", "5", "0", "0"),
    ]  # fmt: skip
    assert [(row["variance_id"], int(row["missing"]), row["settlement"]) for row in variances] == [("S1", 7, None)]
    assert [row["hold_id"] for row in holds] == ["H1"]
    assert [row["hold_id"] for row in history] == ["S4", "S1", "S2", "S3", "H1"]
    decoder = Decoder({LotHoldReleased.TYPE: LotHoldReleased})
    events = [decoder.decode(record(row["topic"], row["value"], row["key"].encode())) for row in rows]
    assert [event.data.hold_id for event in events] == ["S1", "S2", "S3"]  # type: ignore[union-attr]
