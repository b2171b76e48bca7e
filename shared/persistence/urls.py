"""Database URLs of libpq: several hosts, TLS, role of the server."""

from collections.abc import Sequence
from dataclasses import dataclass
from urllib.parse import parse_qsl, unquote, urlencode, urlsplit

DEFAULT_PORT = 5432
CONNECT_ATTEMPT_SECONDS = 5.0
"""Time to connect, shared equally by the hosts unless the URL has `connect_timeout`, which applies to each."""
TARGETS = ("read-write", "primary", "any")
UNSUPPORTED_PARAMETERS = frozenset({
    "channel_binding", "client_encoding", "gssencmode", "hostaddr", "keepalives", "keepalives_count", "keepalives_idle",
    "keepalives_interval", "load_balance_hosts", "replication", "require_auth", "requirepeer", "ssl", "sslcompression",
    "sslsni", "tcp_user_timeout",
})  # fmt: skip
"""Parameters of libpq that asyncpg would pass to the server, which rejects them, and `ssl` of SQLAlchemy."""


class InvalidUrlError(ValueError):
    """A database URL that cannot be used; the message does not contain the URL, which has a password."""


@dataclass(frozen=True)
class DatabaseUrl:
    """A parsed libpq URL; `dsn` is the URL for asyncpg."""

    dsn: str
    user: str
    database: str
    hosts: Sequence[tuple[str, int]]
    target: str
    host_timeout: float


def parse_url(url: str) -> DatabaseUrl:
    """Parse a libpq URL, such as `postgresql://user:password@host1:5432,host2/database?sslmode=verify-full`."""
    parts = urlsplit(url)
    if parts.scheme not in ("postgresql", "postgres"):
        raise InvalidUrlError("the database URL must start with postgresql://")
    parameters = dict(parse_qsl(parts.query, keep_blank_values=True))
    if unsupported := UNSUPPORTED_PARAMETERS & parameters.keys():
        raise InvalidUrlError(f"unsupported in a database URL: {', '.join(sorted(unsupported))}; for TLS use sslmode")
    user = unquote(parts.username or "") or parameters.get("user", "")
    database = unquote(parts.path.removeprefix("/")) or parameters.get("dbname", user)
    if not user:
        raise InvalidUrlError("the database URL names no user")
    hosts = _parse_hosts(parts.netloc.rpartition("@")[2], parameters.pop("host", ""), parameters.pop("port", ""))
    target = parameters.setdefault("target_session_attrs", "read-write" if len(hosts) > 1 else "any")
    if target not in TARGETS:
        raise InvalidUrlError(f"target_session_attrs={target}: a service writes; use one of {', '.join(TARGETS)}")
    timeout = parameters.pop("connect_timeout", "")
    if timeout and not timeout.isdigit():
        raise InvalidUrlError(f"connect_timeout={timeout} is not a number of seconds")
    host_timeout = float(timeout) if timeout.strip("0") else CONNECT_ATTEMPT_SECONDS / len(hosts)
    return DatabaseUrl(
        parts._replace(query=urlencode(parameters)).geturl(), user, database, hosts, target, host_timeout
    )


def _parse_hosts(authority: str, host_parameter: str, port_parameter: str) -> list[tuple[str, int]]:
    """Return the hosts with their ports; the parameters `host` and `port` are lists, too."""
    names = [unquote(name) for name in (host_parameter or authority or "localhost").split(",")]
    ports = (port_parameter or str(DEFAULT_PORT)).split(",")
    if len(ports) == 1:
        ports *= len(names)
    try:
        return [_parse_host(name, int(port)) for name, port in zip(names, ports, strict=True)]
    except ValueError as error:
        raise InvalidUrlError(f"hosts and ports of the database URL: {error}") from None


def _parse_host(name: str, default_port: int) -> tuple[str, int]:
    if name.startswith("/"):  # folder of a Unix socket
        return name, default_port
    address = urlsplit(f"//{name}")
    return address.hostname or "localhost", address.port or default_port
