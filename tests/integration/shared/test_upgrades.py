"""Rolling upgrades: a version of the code on a newer and on an older schema."""

import shutil
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from shared.persistence.migrate import BreakingRevisionError, SchemaState, find_schema_state, migrate
from tests.integration.shared.conftest import StartService
from tests.integration.shared.probes import get_readiness
from tests.integration.shared.test_service import run_cli
from tests.support.polling import wait_until
from tests.support.toy.app import app

EXPANDING = """
from alembic import op
revision, down_revision = "0002", "0001"
def upgrade() -> None:
    op.execute("ALTER TABLE unit ADD COLUMN note text")
"""
FURTHER = 'revision, down_revision = "0003", "0002"\ndef upgrade() -> None: pass\n'
BREAKING = FURTHER + 'breaks_before = "0002"\n'


@pytest.fixture
async def owner(toy: Mapping[str, str], engine: AsyncEngine) -> AsyncIterator[Any]:
    """Connect as the owner of the database and restore the first revision afterwards."""
    connection = await asyncpg.connect(toy["TOY_MIGRATION_DATABASE_URL"])
    yield connection
    await connection.execute("""
        ALTER TABLE unit DROP COLUMN IF EXISTS note;
        DELETE FROM schema_revision WHERE revision <> '0001';
        DELETE FROM alembic_version;
        INSERT INTO alembic_version VALUES ('0001');
    """)
    await connection.close()
    await engine.dispose()  # its prepared statements are of the other schema


def newer_versions(folder: Path, *revisions: str) -> Path:
    """Create the migrations of a newer version of the service: the known one and further ones."""
    folder.mkdir()
    shutil.copy(app.state.versions / "0001_first.py", folder)
    for number, content in enumerate(revisions, 2):
        (folder / f"{number:04}_next.py").write_text(content)
    return folder


async def test_replica_stays_ready_on_a_schema_that_expands(
    start: StartService, engine: AsyncEngine, owner: Any, tmp_path: Path
) -> None:
    """While a newer version migrates, a running replica stays ready, as does one that starts later (rollback)."""
    service, versions = start(), newer_versions(tmp_path / "newer", EXPANDING, FURTHER)
    assert (await get_readiness(service))[1]["migrations"] == "latest"
    assert await migrate("toy", versions) is SchemaState.LATEST
    for replica in (service, start()):
        status, report = await get_readiness(replica)
        assert (status, report["ready"], report["migrations"]) == (200, True, "newer"), report
    assert await migrate("toy", app.state.versions) is SchemaState.NEWER
    assert await owner.fetchval("SELECT version_num FROM alembic_version") == "0003"
    assert await find_schema_state(engine, versions) is SchemaState.LATEST


async def test_breaking_revision_excludes_older_versions(
    start: StartService, engine: AsyncEngine, owner: Any, tmp_path: Path
) -> None:
    """`breaks_before` excludes versions without the named revision, and no version that knows it."""
    service, versions = start(), newer_versions(tmp_path / "newer", EXPANDING, BREAKING)
    await migrate("toy", versions)
    status, report = await get_readiness(service)
    assert (status, report["ready"]) == (503, False)
    assert "does not know the revision 0002" in report["migrations"]
    with pytest.raises(BreakingRevisionError, match="does not know the revision 0002"):
        await migrate("toy", app.state.versions)
    assert await find_schema_state(engine, newer_versions(tmp_path / "middle", EXPANDING)) is SchemaState.NEWER
    assert await owner.fetchval("SELECT count(*) FROM schema_revision") == 3


async def test_replica_on_an_older_schema_says_what_to_run(
    start: StartService, toy: Mapping[str, str], engine: AsyncEngine, owner: Any, tmp_path: Path
) -> None:
    """A newer version is not ready before the migration, says the command to run, and is ready after it."""
    assert toy
    service = start()
    await owner.execute("DELETE FROM alembic_version")  # as before the first migration
    status, report = await get_readiness(service)
    assert (status, report["ready"]) == (503, False)
    assert report["migrations"] == "older: run `tracelot migrate toy`"
    versions = newer_versions(tmp_path / "newer", EXPANDING)
    await owner.execute("INSERT INTO alembic_version VALUES ('0001')")
    assert await find_schema_state(engine, versions) is SchemaState.OLDER

    async def is_ready() -> bool:
        return (await get_readiness(service))[0] == 200

    await wait_until(is_ready)


async def test_misspelt_breaks_before_is_rejected(toy: Mapping[str, str], owner: Any, tmp_path: Path) -> None:
    """A revision that excludes versions by an unknown revision would exclude all; the migration is rolled back."""
    assert toy
    versions = newer_versions(tmp_path / "newer", EXPANDING, FURTHER + 'breaks_before = "0020"\n')
    with pytest.raises(ValueError, match=r"0003_next\.py: breaks_before names the unknown revision 0020"):
        await migrate("toy", versions)
    assert await owner.fetchval("SELECT version_num FROM alembic_version") == "0001"


async def test_command_reports_the_state_of_the_schema(environment: Mapping[str, str]) -> None:
    """`tracelot migrate` reports the resulting state."""
    assert environment
    assert "lots: schema is latest" in await run_cli("migrate", "lots")
