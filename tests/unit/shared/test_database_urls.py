"""Database URLs of libpq: hosts, ports, target, and refused parameters."""

import pytest

from shared.persistence.urls import InvalidUrlError, parse_url


@pytest.mark.parametrize(
    ("url", "hosts"),
    [
        ("postgresql://u:p@h1:1,h2:2/db", [("h1", 1), ("h2", 2)]),
        ("postgresql://u:p@h1,h2:2/db", [("h1", 5432), ("h2", 2)]),
        ("postgresql://u:p@/db?host=h1,h2&port=7", [("h1", 7), ("h2", 7)]),
        ("postgresql://u:p@/db?host=h1,h2&port=7,8", [("h1", 7), ("h2", 8)]),
        ("postgresql://u:p@[::1]:6000/db", [("::1", 6000)]),
        ("postgresql://u:p@%2Frun%2Fpostgresql/db", [("/run/postgresql", 5432)]),
        ("postgres://u@h/db", [("h", 5432)]),
    ],
)
def test_hosts_and_ports_are_lists(url: str, hosts: list[tuple[str, int]]) -> None:
    """Hosts and ports are read from the authority or the parameters, as in libpq."""
    parsed = parse_url(url)
    assert (parsed.hosts, parsed.user, parsed.database) == (hosts, "u", "db")


def test_names_are_decoded_and_time_is_shared() -> None:
    """User and database are decoded; the hosts share the time to connect, unless the URL has its own."""
    parsed = parse_url("postgresql://a%40b:p%2Fw@h1,h2/my%20db?sslmode=verify-full&sslrootcert=/x.crt")
    assert (parsed.user, parsed.database, parsed.target) == ("a@b", "my db", "read-write")
    assert parsed.host_timeout * 2 == parse_url("postgresql://u@h/db").host_timeout
    assert "sslmode=verify-full&sslrootcert=%2Fx.crt" in parsed.dsn
    assert parse_url("postgresql://u@h1,h2/db?connect_timeout=3&target_session_attrs=any").host_timeout == 3
    assert parse_url("postgresql://u@h/db?target_session_attrs=primary").target == "primary"


@pytest.mark.parametrize(
    ("url", "cause"),
    [
        ("mysql://u:secret@h/db", "must start with postgresql://"),
        ("postgresql://:secret@h/db", "names no user"),
        ("postgresql://u:secret@h:x/db", "hosts and ports"),
        ("postgresql://u:secret@/db?host=a,b,c&port=1,2", "hosts and ports"),
        ("postgresql://u:secret@h/db?channel_binding=require", "channel_binding"),
        ("postgresql://u:secret@h/db?ssl=require", "use sslmode"),
        ("postgresql://u:secret@h/db?target_session_attrs=standby", "a service writes"),
        ("postgresql://u:secret@h/db?connect_timeout=soon", "not a number of seconds"),
    ],
)
def test_unusable_urls_are_refused_without_their_password(url: str, cause: str) -> None:
    """The error names the cause and its remedy, not the URL."""
    with pytest.raises(InvalidUrlError, match=cause) as error:
        parse_url(url)
    assert "secret" not in str(error.value)
