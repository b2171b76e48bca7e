"""Runs the migrations of a service and checks its schema revision."""

from functools import cache
from pathlib import Path

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, text
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine
from sqlalchemy.pool import NullPool

from shared.persistence.connections import Connector
from shared.persistence.database import engine_url
from shared.persistence.migrate.schema_state import CodeRevisions, SchemaState, read_schema_state, record_revisions
from shared.persistence.urls import parse_url
from shared.settings import InvalidSettingsError, load_settings

SERVICES_FOLDER = Path(__file__).parents[3] / "services"
ADVISORY_LOCK_KEY = 7_230_017
"""Advisory lock key: one migration at a time per database."""


def versions_folder(service: str) -> Path:
    """Return the migrations folder of a service."""
    return SERVICES_FOLDER / service / "migrations" / "versions"


def service_names() -> list[str]:
    """List the services that have migrations."""
    return sorted(folder.parent.parent.name for folder in SERVICES_FOLDER.glob("*/migrations/versions"))


async def migrate(service: str, versions: Path | None = None) -> SchemaState:
    """Upgrade the database of a service to head as its owner; the migrations grant rights to the login role.

    A newer schema is left as it is, so that the code alone can be rolled back. Returns the resulting state.
    """
    settings = load_settings(service)
    if settings.migration_database_url is None:
        raise InvalidSettingsError(
            f"{service.upper()}_MIGRATION_DATABASE_URL is not set; migrations run as the database owner"
        )
    login_role = parse_url(settings.database_url.get_secret_value()).user
    url = parse_url(settings.migration_database_url.get_secret_value())
    engine = create_async_engine(
        engine_url(url), poolclass=NullPool, connect_args={"async_creator_fn": Connector(url, "tracelot-migrate", {})}
    )
    async with engine.begin() as connection:
        state = await connection.run_sync(_upgrade, versions or versions_folder(service), login_role)
    await engine.dispose()
    return state


def _upgrade(connection: Connection, versions: Path, login: str | None) -> SchemaState:
    connection.execute(text("SELECT pg_advisory_xact_lock(:key)"), {"key": ADVISORY_LOCK_KEY})
    if read_schema_state(connection, _code_revisions(versions)) is SchemaState.NEWER:
        return SchemaState.NEWER
    command.upgrade(_config(versions, connection=connection, login=login), "head")
    connection.exec_driver_sql(f'GRANT SELECT ON alembic_version TO "{login}"')
    record_revisions(connection, _scripts(versions), login)
    return SchemaState.LATEST


def _config(versions: Path, **attributes: object) -> Config:
    config = Config(attributes=attributes)
    config.set_main_option("script_location", str(Path(__file__).parent))
    config.set_main_option("version_locations", str(versions))
    config.set_main_option("path_separator", "newline")
    return config


@cache
def _scripts(versions: Path) -> ScriptDirectory:
    return ScriptDirectory.from_config(_config(versions))


def _code_revisions(versions: Path) -> CodeRevisions:
    return CodeRevisions.from_scripts(_scripts(versions))


async def find_schema_state(engine: AsyncEngine, versions: Path) -> SchemaState:
    """Return the state of a schema for this version; raises UnknownRevisionError if it is unusable."""
    async with engine.connect() as connection:
        return await connection.run_sync(read_schema_state, _code_revisions(versions))
