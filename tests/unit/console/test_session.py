"""Sign-in: sealed cookies, slowed attempts, refused origins, and what every answer carries."""

import asyncio
from pathlib import Path

import httpx
import pytest
from cryptography.fernet import Fernet
from starlette.datastructures import Headers

from services.console.app import create_app
from services.console.session.api import own_address, verify
from services.console.session.attempts import FREE_ATTEMPTS, Attempts
from services.console.session.cookie import SessionCookie, load_key, new_cookie, seal, unseal
from services.console.session.protection import CONTENT_SECURITY_POLICY, is_same_origin
from shared.auth.roles import Role
from shared.auth.users import User, UsersFile, hash_badge, hash_password, hash_pin, new_badge


def test_a_cookie_opens_with_its_key_only(tmp_path: Path) -> None:
    """The key is made once, for its owner only; a cookie of another key, or none, is no session."""
    key = load_key(tmp_path / "session.key")
    assert (tmp_path / "session.key").stat().st_mode & 0o777 == 0o600
    sealed = seal(load_key(tmp_path / "session.key"), SessionCookie("otto", "s1", 5))
    assert unseal(key, sealed, 60) == SessionCookie("otto", "s1", 5)
    assert unseal(Fernet(Fernet.generate_key()), sealed, 60) is None
    assert unseal(key, "", 60) is None
    assert new_cookie("otto", "s1").since > 0


def test_the_sixth_wrong_attempt_waits() -> None:
    """Five attempts are free; then the pause starts with a second and doubles up to a minute."""
    now = [100.0]
    attempts = Attempts(lambda: now[0])
    assert [attempts.begin("otto") for _ in range(FREE_ATTEMPTS)] == [0] * FREE_ATTEMPTS
    for pause in (1, 2, 4, 8, 16, 32, 60, 60):
        assert attempts.begin("otto") == attempts.begin("otto") == pause
        now[0] += pause
        assert attempts.begin("otto") == 0
    assert attempts.begin("vera") == 0
    attempts.succeed("otto")
    assert attempts.begin("otto") == 0


async def test_guesses_at_once_are_slowed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Of twelve guesses sent at once five are verified; the others wait, also the right one among them."""
    verified: list[str] = []

    def refuse(_users: UsersFile, _name: str, secret: str) -> None:
        verified.append(secret)

    monkeypatch.setattr("services.console.session.api.verify", refuse)
    app = create_app()
    app.state.users, app.state.attempts = UsersFile(tmp_path), Attempts()
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url="http://console", headers={"sec-fetch-site": "same-origin"}
    ) as client:
        guesses = [client.post("/sign-in", data={"name": "otto", "password": f"guess {n}"}) for n in range(12)]
        statuses = [response.status_code for response in await asyncio.gather(*guesses)]
    assert sorted(statuses) == [401] * FREE_ATTEMPTS + [429] * (12 - FREE_ATTEMPTS)
    assert len(verified) == FREE_ATTEMPTS


@pytest.mark.parametrize(
    ("headers", "is_allowed"),
    [
        ({"sec-fetch-site": "same-origin", "origin": "http://console", "host": "console"}, True),
        ({"sec-fetch-site": "cross-site", "host": "console"}, False),
        ({"sec-fetch-site": "same-site", "host": "console"}, False),
        ({"origin": "https://console:8005", "host": "console:8005"}, True),
        ({"origin": "https://evil.example", "host": "console:8005"}, False),
        ({"host": "console:8005"}, False),
    ],
)
def test_writes_come_from_the_same_origin(headers: dict[str, str], *, is_allowed: bool) -> None:
    """A write needs `Sec-Fetch-Site` or `Origin` of this console; with neither it is refused."""
    assert is_same_origin(Headers(headers)) is is_allowed


def test_scripts_come_from_the_console_only() -> None:
    """No inline script or style runs, and nothing from elsewhere is loaded."""
    assert "default-src 'none'" in CONTENT_SECURITY_POLICY
    assert "unsafe-inline" not in CONTENT_SECURITY_POLICY
    assert "'unsafe-eval'" not in CONTENT_SECURITY_POLICY


def test_people_sign_in_by_password_or_badge(tmp_path: Path) -> None:
    """A disabled person, a wrong password and a badge with a wrong PIN are refused alike."""
    users, badge = UsersFile(tmp_path), new_badge()
    otto = User(
        roles=frozenset({Role.OPERATOR}),
        password=hash_password("correct horse"),
        badge=hash_badge(badge),
        pin=hash_pin("4711"),
    )
    users.change("otto", lambda _: otto)
    users.change("gone", lambda _: otto.model_copy(update={"is_disabled": True, "badge": None}))
    assert verify(users, "otto", "correct horse") == ("otto", otto)
    assert verify(users, badge, "4711") == ("otto", otto)
    refused = [("otto", "wrong"), ("gone", "correct horse"), ("nobody", "correct horse"), (badge, "1234")]
    assert [verify(users, name, secret) for name, secret in refused] == [None] * 4


@pytest.mark.parametrize("address", ["//evil.example", "https://evil.example", "/\\evil.example", ""])
def test_the_sign_in_leads_nowhere_else(address: str) -> None:
    """After the sign-in only addresses of this console are opened."""
    assert own_address(address) == "/work"
    assert own_address("/units?q=1") == "/units?q=1"
