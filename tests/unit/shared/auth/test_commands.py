"""The commands `tracelot token` and `tracelot user`."""

import asyncio
from pathlib import Path

import pytest
from typer.testing import CliRunner

from shared.auth.roles import Role
from shared.auth.settings import own_issuer
from shared.auth.users import BADGE_PREFIX, UsersFile, is_secret_of
from shared.auth.verifier import InvalidTokenError, TokenVerifier
from shared.cli import app


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Name an empty folder of sign-in."""
    monkeypatch.setenv("AUTH_FOLDER", str(tmp_path / "auth"))
    return tmp_path / "auth"


def run(*arguments: str, text: str = "", code: int = 0) -> str:
    """Run a command and return what it prints."""
    result = CliRunner().invoke(app, arguments, input=text)
    assert result.exit_code == code, result.output
    return result.output


def test_a_token_is_issued_listed_and_revoked(folder: Path) -> None:
    """The printed token works until it is revoked by its id; the list never shows it."""
    token = run("token", "issue", "erp", "--role", "integrator", "--role", "viewer", "--days", "30").strip()
    verifier = TokenVerifier([own_issuer(folder)])
    identity = asyncio.run(verifier.verify(token))
    assert (identity.subject, *sorted(identity.roles)) == ("erp", Role.INTEGRATOR, Role.VIEWER)
    listed = run("token", "list")
    assert token not in listed
    assert [column for column in listed.strip().split("\t") if column in {"erp", "valid", "viewer, integrator"}] == [
        "erp", "viewer, integrator", "valid",
    ]  # fmt: skip
    run("token", "revoke", identity.token_id)
    assert run("token", "list").endswith("\trevoked\n")
    with pytest.raises(InvalidTokenError, match="revoked"):
        asyncio.run(TokenVerifier([own_issuer(folder)]).verify(token))
    assert "no valid token" in run("token", "revoke", identity.token_id, code=1)


def test_wrong_names_and_a_missing_folder_are_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """An actor that no column takes, a role that does not exist, and a folder that nobody named."""
    run("token", "issue", "Jürgen", "--role", "viewer", code=2)
    run("token", "issue", "erp", "--role", "boss", code=2)
    monkeypatch.delenv("AUTH_FOLDER")
    assert "AUTH_FOLDER" in run("token", "list", code=1)


def test_a_user_is_added_and_changed(folder: Path) -> None:
    """Password, PIN and badge are set, roles replaced; a disabled user stays in the list."""
    run("user", "add", "anna", "--role", "operator", "--name", "Anna Berg", "--warehouse", "EAST")
    assert "exists" in run("user", "add", "anna", "--role", "admin", code=1)
    assert "at least" in run("user", "password", "anna", text="short\nshort\n", code=1)
    run("user", "password", "anna", text="correct horse\ncorrect horse\n")
    run("user", "pin", "anna", text="4711\n4711\n")
    (badge,) = (line for line in run("user", "badge", "anna").splitlines() if line.startswith(BADGE_PREFIX))
    run("user", "roles", "anna", "--role", "supervisor")
    run("user", "warehouses", "anna")
    users = UsersFile(folder)
    found = users.find_by_badge(badge)
    assert found is not None
    name, anna = found
    assert (name, *anna.roles, *anna.warehouses) == ("anna", Role.SUPERVISOR)
    assert is_secret_of("correct horse", anna.password)
    assert is_secret_of("4711", anna.pin)
    run("user", "disable", "anna")
    assert UsersFile(folder).find("anna") is None
    _, name, *columns = run("user", "list").strip().split("\t")
    assert (name, *columns) == ("Anna Berg", "supervisor", "all warehouses", "password, badge, pin", "disabled")
    run("user", "enable", "anna")
    assert UsersFile(folder).find("anna") is not None
    assert "no user ben" in run("user", "disable", "ben", code=1)
