"""Migrations of databases that hold data of an earlier revision."""

import os
import shutil
from importlib import import_module
from pathlib import Path

import asyncpg

from shared.messaging.decode import Decoder
from shared.persistence.migrate import migrate, versions_folder
from tests.integration.shared.conftest import MakeRecord


async def test_pending_rechecks_become_messages(kept_service: str, record: MakeRecord, tmp_path: Path) -> None:
    """A database at the first revision migrates; its pending rechecks become reallocation requests (S27)."""
    service = kept_service
    first_revision = versions_folder(service) / f"0001_{service}"
    shutil.copytree(first_revision, tmp_path / first_revision.name)
    shutil.copy(first_revision.with_suffix(".py"), tmp_path)
    await migrate(service, tmp_path)
    owner = await asyncpg.connect(os.environ[f"{service.upper()}_MIGRATION_DATABASE_URL"])
    await owner.execute("INSERT INTO demand_recheck VALUES ('B\"1', 'WEST'), ('A-1', 'EAST')")
    await migrate(service)
    rows = await owner.fetch("SELECT topic, key, value FROM outbox ORDER BY id")
    assert await owner.fetchval("SELECT to_regclass('demand_recheck')") is None
    await owner.close()
    registry = import_module(f"services.{service}.app").app.state.registry
    decoder = Decoder({handler.message.TYPE: handler.message for handler in registry.handlers})
    events = [decoder.decode(record(row["topic"], row["value"], row["key"].encode())) for row in rows]
    assert [(event.source, event.data.sku, event.data.warehouse) for event in events] == [  # type: ignore[union-attr]
        (f"tracelot/{service}", "A-1", "EAST"),
        (f"tracelot/{service}", 'B"1', "WEST"),
    ]
    assert all(map(registry.accepts, events))
