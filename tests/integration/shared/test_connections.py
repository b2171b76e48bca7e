"""Connections by libpq URLs to real servers: several hosts, a standby, TLS."""

import asyncio
import shutil
import socket
import ssl
import subprocess
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import asyncpg
import pytest
from sqlalchemy import text

from deploy.local import children
from deploy.local.ports import reserve_port
from deploy.local.postgres import SUPERUSER, Postgres, binary_folder, server_user
from shared.persistence.database import SESSION_SETTINGS, create_engine, transaction
from shared.persistence.errors import ErrorCategory, categorise_error
from tests.support.polling import wait_until

SSL_REQUEST = b"\0\0\0\x08\x04\xd2\x16\x2f"


@pytest.fixture(scope="module")
def primary(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:
    """Run a PostgreSQL server of its own."""
    folder = tmp_path_factory.mktemp("primary")
    server = Postgres(folder / "postgres", folder / "postgres.log", reserve_port(), "secret")
    server.start()
    yield server
    server.stop("immediate")


@pytest.fixture
def standby(primary: Postgres, tmp_path: Path) -> Iterator[Postgres]:
    """Run a hot standby of the primary."""
    server = Postgres(tmp_path / "postgres", tmp_path / "postgres.log", reserve_port(), primary.password)
    server.data.mkdir(mode=0o700)
    user = server_user([server.data, binary_folder() / "postgres"])
    if user != "-":
        shutil.chown(server.data, user.lstrip("+"))
    source = f"{primary.superuser_url}?application_name=standby"
    copy: list[str | Path] = [
        binary_folder() / "pg_basebackup",
        "-D",
        server.data,
        "-R",
        "-c",
        "fast",
        "-X",
        "stream",
        "-d",
        source,
    ]
    children.run(copy, server.log, user=user, folder=server.data)
    server.start()
    yield server
    server.stop("immediate")


def url_of(*ports: int, parameters: str = "") -> str:
    """Return a URL with the given ports of 127.0.0.1, in this order."""
    return f"postgresql://{SUPERUSER}:secret@{','.join(f'127.0.0.1:{port}' for port in ports)}/postgres{parameters}"


async def query(url: str, statement: str) -> str:
    """Run a query on a new engine and return its only value as text."""
    engine = create_engine(url, "test", 2)
    try:
        async with transaction(engine) as tx:
            return str((await tx.fetch_all(text(statement)))[0][0])
    finally:
        await engine.dispose()


@asynccontextmanager
async def silent_host() -> AsyncIterator[int]:
    """Accept TCP connections on a port and never answer, like a host that is cut off."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


async def test_unusable_hosts_are_passed_over(primary: Postgres) -> None:
    """A closed port and a silent host in front of the server cost time, not the connection."""
    async with silent_host() as silent:
        url = url_of(reserve_port(), silent, primary.port, parameters="?connect_timeout=1")
        assert await query(url, "SELECT inet_server_port()") == str(primary.port)
        assert await query(url, "SHOW transaction_timeout") != "0"
        with pytest.raises(ConnectionError, match="no usable host") as error:
            await query(url_of(silent, reserve_port(), parameters="?connect_timeout=1"), "SELECT 1")
    assert categorise_error(error.value) is ErrorCategory.UNAVAILABLE


async def test_writable_host_is_chosen_before_and_after_a_failover(primary: Postgres, standby: Postgres) -> None:
    """With several hosts, or by target_session_attrs, only the primary is used; after a failover the promoted one."""
    both = url_of(standby.port, primary.port)
    assert await query(both, "SELECT inet_server_port()") == str(primary.port)
    explicit = url_of(standby.port, primary.port, parameters="?target_session_attrs=primary")
    assert await query(explicit, "SELECT inet_server_port()") == str(primary.port)
    first = url_of(standby.port, primary.port, parameters="?target_session_attrs=any")
    assert await query(first, "SELECT inet_server_port()") == str(standby.port)
    with pytest.raises(ConnectionError, match="not read-write") as error:
        await query(url_of(standby.port, parameters="?target_session_attrs=read-write"), "SELECT 1")
    assert categorise_error(error.value) is ErrorCategory.UNAVAILABLE
    engine = create_engine(url_of(primary.port, standby.port), "test", 2)

    async def write() -> bool:
        try:
            async with transaction(engine) as tx:
                return bool(await tx.fetch_all(text("SELECT pg_current_xact_id()")))
        except Exception as failure:
            if categorise_error(failure) is not ErrorCategory.UNAVAILABLE:
                raise
            return False

    assert await write()
    try:
        primary.stop("immediate")
        connection = await asyncpg.connect(url_of(standby.port))
        await connection.fetchval("SELECT pg_promote()")
        await connection.close()
        await wait_until(write)
    finally:
        await engine.dispose()
        primary.start()


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """Create a self-signed certificate of localhost and its key."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl is needed to create a certificate")
    folder = tmp_path_factory.mktemp("tls")
    paths = folder / "server.crt", folder / "server.key"
    arguments = ["-new", "-x509", "-nodes", "-days", "2", "-subj", "/CN=localhost", "-newkey", "rsa:2048"]
    files = ["-addext", "subjectAltName=DNS:localhost", "-out", str(paths[0]), "-keyout", str(paths[1])]
    subprocess.run(["openssl", "req", *arguments, *files], check=True, capture_output=True)
    return paths


@asynccontextmanager
async def tls_port(server: Postgres, certificate: tuple[Path, Path]) -> AsyncIterator[int]:
    """Serve PostgreSQL with TLS only: the server of the tests is built without it."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(*certificate)

    async def copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await reader.read(65536):
                writer.write(data)
                await writer.drain()
            writer.close()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if await reader.readexactly(8) != SSL_REQUEST:
            writer.close()
            return
        writer.write(b"S")
        with suppress(OSError):
            await writer.start_tls(context)
            server_reader, server_writer = await asyncio.open_connection("127.0.0.1", server.port)
            await asyncio.gather(copy(reader, server_writer), copy(server_reader, writer))

    async with await asyncio.start_server(serve, "127.0.0.1", 0) as proxy:
        yield proxy.sockets[0].getsockname()[1]


async def test_sslmode_encrypts_and_verifies(primary: Postgres, certificate: tuple[Path, Path]) -> None:
    """`require` encrypts, `verify-full` checks certificate and host name, and neither falls back to plain text."""
    with pytest.raises(ConnectionError, match="rejected SSL"):
        await query(url_of(primary.port, parameters="?sslmode=require"), "SELECT 1")
    async with tls_port(primary, certificate) as port:
        assert await query(url_of(port, parameters="?sslmode=require"), "SELECT 1") == "1"
        with pytest.raises(ConnectionError, match="no usable host"):
            await query(url_of(port, parameters="?sslmode=disable"), "SELECT 1")
        verified = url_of(port, parameters=f"?sslmode=verify-full&sslrootcert={certificate[0]}")
        assert await query(verified.replace("127.0.0.1", "localhost"), "SELECT 1") == "1"
        with pytest.raises(OSError, match="certificate verify failed"):
            await query(verified, "SELECT 1")


async def test_sessions_have_their_settings(primary: Postgres) -> None:
    """The settings of a session are in effect in its first transaction."""
    for name in ("plan_cache_mode", "jit", "random_page_cost"):
        assert await query(url_of(primary.port), f"SHOW {name}") == SESSION_SETTINGS[name]
    assert await query(url_of(primary.port), "SHOW transaction_timeout") != "0"
