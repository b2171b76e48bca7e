"""The users file: entries, badges, PINs, and its reading after a change."""

import stat
from pathlib import Path

import pytest

from shared.auth.roles import Role
from shared.auth.users import User, UsersFile, hash_badge, hash_password, hash_pin, is_secret_of, new_badge, parse_users


def test_a_change_is_seen_and_changes_the_stamp(tmp_path: Path) -> None:
    """A disabled user cannot sign in, and the stamp of the entry changes."""
    users = UsersFile(tmp_path)
    anna = users.change("anna", lambda _: User(name="Anna Berg", roles=frozenset({Role.OPERATOR})))
    assert users.find("anna") == anna
    assert stat.S_IMODE((tmp_path / "users.yaml").stat().st_mode) == 0o600
    disabled = UsersFile(tmp_path).change(
        "anna", lambda user: (user or User()).model_copy(update={"is_disabled": True})
    )
    assert disabled.stamp != anna.stamp
    assert UsersFile(tmp_path).find("anna") is None
    assert UsersFile(tmp_path).read()["anna"].name == "Anna Berg"


def test_a_badge_finds_its_user(tmp_path: Path) -> None:
    """The file has the hash of a badge, not its code."""
    users, badge = UsersFile(tmp_path), new_badge()
    users.change("anna", lambda _: User(badge=hash_badge(badge)))
    found = users.find_by_badge(f"{badge}\r\n")
    assert found is not None
    assert found[0] == "anna"
    assert badge not in (tmp_path / "users.yaml").read_text()
    assert users.find_by_badge("TL:BADGE:other") is None


def test_secrets_are_argon2id() -> None:
    """Passwords and PINs match their hashes alone; no hash matches nothing."""
    pin = hash_pin("4711")
    assert pin.startswith("$argon2id$")
    assert is_secret_of("4711", pin)
    assert not is_secret_of("4712", pin)
    assert not is_secret_of("4711", None)
    assert is_secret_of("correct horse", hash_password("correct horse"))
    for wrong in ("123", "12a4", "1" * 13):
        with pytest.raises(ValueError, match="PIN"):
            hash_pin(wrong)
    with pytest.raises(ValueError, match="at least"):
        hash_password("short")


def test_a_wrong_file_is_refused() -> None:
    """A misspelt field or role is an error instead of a user without rights."""
    for content in (b"users: {anna: {role: [admin]}}", b"users: {anna: {roles: [boss]}}", b'users: {"anna\\n": {}}'):
        with pytest.raises(ValueError, match="anna"):
            parse_users(content)
