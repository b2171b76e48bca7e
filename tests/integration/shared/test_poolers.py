"""PgBouncer between a service and its database: refused in transaction and statement mode, usable in session mode."""

import shutil
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import text

from deploy import processes
from deploy.local import children
from deploy.local.ports import reserve_port
from deploy.local.postgres import SUPERUSER, server_user
from deploy.local.stack import Stack
from shared.persistence.connections import TransactionPoolingError
from shared.persistence.database import SESSION_SETTINGS, create_engine, transaction
from shared.persistence.errors import ErrorCategory, categorise_error
from shared.persistence.migrate import migrate, versions_folder
from tests.integration.shared.conftest import SERVICE_NAME
from tests.support.timing import MAX_WAIT_SECONDS

pytestmark = pytest.mark.skipif(shutil.which("pgbouncer") is None, reason="pgbouncer is not installed")


@contextmanager
def pooler(stack: Stack, folder: Path, mode: str, settings: str = "") -> Iterator[str]:
    """Run PgBouncer in a pool mode before the PostgreSQL of the tests, and return its URL."""
    assert stack.postgres is not None
    port, log = reserve_port(), folder / f"{mode}.log"
    server = f"host=127.0.0.1 port={stack.postgres.port} user={SUPERUSER} password={stack.postgres.password}"
    configuration = folder / f"{mode}.ini"
    configuration.write_text(
        f"[databases]\n* = {server}\n[pgbouncer]\nlisten_addr = 127.0.0.1\nlisten_port = {port}\n"
        f"unix_socket_dir =\nauth_type = any\npool_mode = {mode}\n{settings}\n"
    )
    user = server_user([configuration])
    if user != "-":
        shutil.chown(configuration, user.lstrip("+"))
    process = children.spawn([shutil.which("pgbouncer") or "", configuration], log, user=user)
    children.wait_until(lambda: "process up" in log.read_text(), process, log, 20)
    try:
        yield f"postgresql://{SUPERUSER}@127.0.0.1:{port}/postgres"
    finally:
        process.kill()
        process.wait()


@pytest.mark.parametrize(
    ("mode", "settings"),
    [
        ("transaction", ""),
        ("transaction", "default_pool_size = 1"),
        ("transaction", "server_round_robin = 1\nmin_pool_size = 5"),
        ("statement", ""),
    ],
)
async def test_shared_sessions_are_refused_by_name(stack: Stack, tmp_path: Path, mode: str, settings: str) -> None:
    """The first connection fails, names PgBouncer's mode and the remedy, and never halts a consumer."""
    with pooler(stack, tmp_path, mode, settings) as url:
        engine = create_engine(url, "test", 2)
        for _ in range(3):
            with pytest.raises(TransactionPoolingError, match=r"pool_mode=transaction.*Set pool_mode=session") as error:
                async with transaction(engine):
                    pass
            assert categorise_error(error.value) is ErrorCategory.UNAVAILABLE
        await engine.dispose()


def test_service_does_not_start(stack: Stack, toy: Mapping[str, str], tmp_path: Path) -> None:
    """A service behind PgBouncer in transaction mode ends at its start, and its log names the mode."""
    with pooler(stack, tmp_path, "transaction") as url:
        environment = {**toy, "TOY_DATABASE_URL": url.replace("/postgres", "/toy")}
        service = processes.start(SERVICE_NAME, environment, tmp_path)
        assert service.process.wait(MAX_WAIT_SECONDS) == 3
    assert "PgBouncer with pool_mode=transaction" in service.log.read_text()


async def test_session_mode_works(stack: Stack, tmp_path: Path) -> None:
    """In session mode, each session has the settings of a direct one, without configuration of startup parameters."""
    with pooler(stack, tmp_path, "session") as url:
        engine = create_engine(url, "test", 3)
        async with transaction(engine) as first, transaction(engine) as second, transaction(engine) as third:
            for tx in (first, second, third):
                (shown,) = (await tx.fetch_all(text("SHOW plan_cache_mode")))[0]
                assert shown == SESSION_SETTINGS["plan_cache_mode"]
        await engine.dispose()


async def test_migrations_refuse_transaction_mode(
    stack: Stack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A migration through PgBouncer in transaction mode ends before its first statement."""
    with pooler(stack, tmp_path, "transaction") as url:
        for name in ("LOTS_DATABASE_URL", "LOTS_MIGRATION_DATABASE_URL"):
            monkeypatch.setenv(name, url)
        with pytest.raises(TransactionPoolingError):
            await migrate("lots", versions_folder("lots"))
