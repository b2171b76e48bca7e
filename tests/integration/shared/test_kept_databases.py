"""Migrations of databases that hold data of an earlier revision."""

import json
import os
import shutil
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from deploy.local.stack import Stack
from shared.contracts.envelope import CloudEvent
from shared.contracts.upstream import AsnCancelled
from shared.messaging.decode import Decoder
from shared.persistence.migrate import migrate, versions_folder
from tests.integration.shared.conftest import MakeRecord


@pytest.fixture
async def service(
    request: pytest.FixtureRequest, stack: Stack, toy: Mapping[str, str], monkeypatch: pytest.MonkeyPatch
) -> str:
    """Create an empty database of a service, set its variables and return the name of the service."""
    name: str = request.param
    assert stack.postgres is not None
    server = await asyncpg.connect(stack.postgres.superuser_url)
    await server.execute(f"CREATE DATABASE kept_{name} OWNER toy_owner")
    await server.close()
    for variable in ("DATABASE_URL", "MIGRATION_DATABASE_URL"):
        url = toy[f"TOY_{variable}"].removesuffix("toy")
        monkeypatch.setenv(f"{name.upper()}_{variable}", f"{url}kept_{name}")
    return name


async def migrate_to_first_revision(service: str, folder: Path) -> asyncpg.Connection:
    """Create the schema of the first revision and connect as its owner."""
    first_revision = versions_folder(service) / f"0001_{service}"
    shutil.copytree(first_revision, folder / first_revision.name)
    shutil.copy(first_revision.with_suffix(".py"), folder)
    await migrate(service, folder)
    return await asyncpg.connect(os.environ[f"{service.upper()}_MIGRATION_DATABASE_URL"])


@pytest.mark.parametrize("service", ["lots", "serials"], indirect=True)
async def test_pending_rechecks_become_messages(service: str, record: MakeRecord, tmp_path: Path) -> None:
    """A database at the first revision migrates; its pending rechecks become reallocation requests (S27)."""
    owner = await migrate_to_first_revision(service, tmp_path)
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


@pytest.mark.parametrize("service", ["receiving"], indirect=True)
async def test_receipts_without_asn_become_waiting_cancellations(service: str, tmp_path: Path) -> None:
    """A cancellation that arrived before its ASN is a message that waits for it, with its reason."""
    owner = await migrate_to_first_revision(service, tmp_path)
    await owner.execute(
        "INSERT INTO receipt VALUES ('R-1', 0, 'ASN', NULL, '', NULL, 'CANCELLED', 0, 0, now(), now(), 'lost at sea')"
    )
    await migrate(service)
    (row,) = await owner.fetch("SELECT document, event FROM waiting_message")
    assert await owner.fetchval("SELECT count(*) FROM receipt") == 0
    await owner.close()
    fields = json.loads(row["event"])
    event = CloudEvent[Any].model_validate(fields | {"data": AsnCancelled.model_validate(fields["data"])})
    assert (row["document"], event.type, event.data.reason) == ("R-1", AsnCancelled.TYPE, "lost at sea")


@pytest.mark.parametrize("service", ["fulfillment"], indirect=True)
async def test_early_messages_wait_for_their_order(service: str, tmp_path: Path) -> None:
    """Changes that arrived before their order still wait for it, and their age is known."""
    owner = await migrate_to_first_revision(service, tmp_path)
    await owner.execute("INSERT INTO early_message (order_id, event) VALUES ('SO-1', '{}')")
    await migrate(service)
    (row,) = await owner.fetch("SELECT document, received_at IS NOT NULL AS has_time FROM waiting_message")
    await owner.close()
    assert tuple(row) == ("SO-1", True)
