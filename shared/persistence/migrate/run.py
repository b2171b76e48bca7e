"""Runs the migrations of a service and checks its schema revision."""

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

from shared.persistence.connections import Connector
from shared.persistence.database import Transaction, engine_url
from shared.persistence.urls import parse_url
from shared.settings import load_settings

SERVICES_FOLDER = Path(__file__).parents[3] / "services"
ADVISORY_LOCK_KEY = 7_230_017
"""Advisory lock key: one migration at a time per database."""


class UnknownRevisionError(Exception):
    """The database has a schema revision that this version of Tracelot does not know."""


def versions_folder(service: str) -> Path:
    """Return the migrations folder of a service."""
    return SERVICES_FOLDER / service / "migrations" / "versions"


def service_names() -> list[str]:
    """List the services that have migrations."""
    return sorted(folder.parent.parent.name for folder in SERVICES_FOLDER.glob("*/migrations/versions"))


async def migrate(service: str, versions: Path | None = None) -> None:
    """Upgrade the database of a service to head as its owner; the migrations grant rights to the login role."""
    settings = load_settings(service)
    if settings.migration_database_url is None:
        raise ValueError(f"{service.upper()}_MIGRATION_DATABASE_URL is not set; migrations run as the database owner")
    login_role = parse_url(settings.database_url.get_secret_value()).user
    url = parse_url(settings.migration_database_url.get_secret_value())
    engine = create_async_engine(
        engine_url(url), poolclass=NullPool, connect_args={"async_creator_fn": Connector(url, "tracelot-migrate", {})}
    )
    async with engine.begin() as connection:
        await connection.run_sync(_upgrade, versions or versions_folder(service), login_role)
    await engine.dispose()


def _upgrade(connection: Connection, versions: Path, login: str | None) -> None:
    connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": ADVISORY_LOCK_KEY})
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


async def is_at_head(engine: AsyncEngine, versions: Path) -> bool:
    """Return whether the database has all migrations; raises on an unknown revision."""
    async with engine.connect() as connection:
        rows = await Transaction(connection).fetch_all(text("SELECT version_num FROM alembic_version"))
    revisions = {row.version_num for row in rows}
    _require_known(revisions, versions, engine.url.database)
    return revisions == set(_scripts(versions).get_heads())
