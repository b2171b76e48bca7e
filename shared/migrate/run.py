"""Bring a service's database to its newest version, and tell whether it is there."""

from collections.abc import Iterable
from functools import cache
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

from shared.database import Transaction, asyncpg_url
from shared.settings import load

SERVICES = Path(__file__).parents[2] / "services"
ONE_AT_A_TIME = 7_230_017
"""The advisory lock that lets only one migration run in a database."""


class UnknownRevisionError(Exception):
    """The database was migrated by a version of Tracelot whose migrations this version does not have."""


def versions_of(service: str) -> Path:
    """The folder of a service's migrations."""
    return SERVICES / service / "migrations" / "versions"


def services() -> list[str]:
    """Every service that has migrations."""
    return sorted(folder.parent.parent.name for folder in SERVICES.glob("*/migrations/versions"))


async def migrate(service: str, versions: Path | None = None) -> None:
    """Upgrade a service's database to its head, as its owner; the login role is granted what the versions say."""
    settings = load(service)
    if settings.owner_url is None:
        raise ValueError(f"{service.upper()}_OWNER_URL is not set: migrations run as the database's owner")
    login = asyncpg_url(settings.database_url.get_secret_value()).username
    engine = create_async_engine(asyncpg_url(settings.owner_url.get_secret_value()), poolclass=NullPool)
    async with engine.begin() as connection:
        await connection.run_sync(_upgrade, versions or versions_of(service), login)
    await engine.dispose()


def _upgrade(connection: Connection, versions: Path, login: str | None) -> None:
    connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": ONE_AT_A_TIME})
    _require_known(MigrationContext.configure(connection).get_current_heads(), versions, connection.engine.url.database)
    command.upgrade(_config(versions, connection=connection, login=login), "head")
    connection.exec_driver_sql(f'GRANT SELECT ON alembic_version TO "{login}"')


def _config(versions: Path, **attributes: object) -> Config:
    config = Config(attributes=attributes)
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.set_main_option("version_locations", str(versions))
    config.set_main_option("path_separator", "newline")
    return config


@cache
def _scripts(versions: Path) -> ScriptDirectory:
    return ScriptDirectory.from_config(_config(versions))


def _require_known(revisions: Iterable[str], versions: Path, database: str | None) -> None:
    known = {script.revision for script in _scripts(versions).walk_revisions()}
    if unknown := set(revisions) - known:
        raise UnknownRevisionError(
            f"The database {database} has schema revision {', '.join(sorted(unknown))}, which is unknown to this "
            "version of Tracelot: another version, older or newer, created it. Use that version or start with an empty "
            "database. For the local stack, run `make clean`: it deletes the data kept in .stack."
        )


async def at_head(engine: AsyncEngine, versions: Path) -> bool:
    """Whether the database has every migration of this version; a revision that it does not know raises."""
    async with engine.connect() as connection:
        found = await Transaction(connection).rows(text("SELECT version_num FROM alembic_version"))
    revisions = {row.version_num for row in found}
    _require_known(revisions, versions, engine.url.database)
    return revisions == set(_scripts(versions).get_heads())
