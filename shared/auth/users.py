"""The users file: who may sign in, with which roles, by password, or by badge and PIN.

users:
  anna:
    name: Anna Berg
    roles: [operator]
    warehouses: [EAST]
    badge: 2cf24d…      # SHA-256 of the code on the badge
    pin: $argon2id$…
    password: $argon2id$…
    is_disabled: false
"""

import secrets
from collections.abc import Callable, Mapping
from hashlib import sha256
from pathlib import Path
from typing import Annotated, Any

import yaml
from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from pydantic import AfterValidator, ConfigDict, TypeAdapter

from shared.auth.files import WatchedFile, locked, write_file
from shared.auth.identity import is_subject
from shared.auth.roles import Role
from shared.contracts.model import KnownFieldsModel

USERS_FILE = "users.yaml"
BADGE_PREFIX = "TL:BADGE:"
"""Start of the codes on badges, by which a scanner tells them from goods."""
MIN_PASSWORD_LENGTH = 10
PIN_LENGTHS = range(4, 13)
_hasher = PasswordHasher()
_DECOY = _hasher.hash(secrets.token_hex(16))
"""Verified for unknown users, so that the time of an answer does not name the known ones."""


def _require_subject(name: str) -> str:
    if not is_subject(name):
        raise ValueError("a user name has 1 to 64 printable ASCII characters")
    return name


UserName = Annotated[str, AfterValidator(_require_subject)]


class User(KnownFieldsModel):
    """An entry of the users file; passwords, PINs and badges are hashes."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = ""
    """Name that pages show."""
    roles: frozenset[Role] = frozenset()
    warehouses: frozenset[str] = frozenset()
    """Warehouses to which the person is bound; empty for all."""
    badge: str | None = None
    pin: str | None = None
    password: str | None = None
    is_disabled: bool = False

    @property
    def stamp(self) -> str:
        """Hash of the entry: a session with another stamp has ended."""
        content = self.model_dump(mode="json") | {
            "roles": sorted(self.roles), "warehouses": sorted(self.warehouses)
        }  # fmt: skip
        return sha256(repr(sorted(content.items())).encode()).hexdigest()[:16]


Users = Mapping[str, User]
_USERS = TypeAdapter(dict[UserName, User])


def parse_users(content: bytes) -> Users:
    """Return the users of a file by their names."""
    document = yaml.safe_load(content or b"") or {}
    return _USERS.validate_python(document.get("users") or {})


class UsersFile:
    """The users of a folder, read again when the file changes."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._file = WatchedFile(folder / USERS_FILE, parse_users)

    def read(self) -> Users:
        """Return all users, disabled ones too."""
        return self._file.read()

    def find(self, name: str) -> User | None:
        """Return a user who may sign in."""
        user = self.read().get(name)
        return None if user is None or user.is_disabled else user

    def find_by_badge(self, code: str) -> tuple[str, User] | None:
        """Return name and entry of the user with a badge."""
        digest = hash_badge(code)
        found = (item for item in self.read().items() if item[1].badge == digest and not item[1].is_disabled)
        return next(found, None)

    def change(self, name: str, change: Callable[[User | None], User]) -> User:
        """Replace or add the entry of a user."""
        with locked(self._folder):
            users = dict(self._file.read(at_once=True))
            users[_require_subject(name)] = changed = change(users.get(name))
            entries = {user: _to_entry(entry) for user, entry in sorted(users.items())}
            write_file(self._file.path, yaml.safe_dump({"users": entries}, allow_unicode=True).encode())
            self._file.read(at_once=True)
        return changed


def _to_entry(user: User) -> dict[str, Any]:
    fields = user.model_dump(mode="json", exclude_defaults=True)
    return {name: sorted(value) if isinstance(value, list) else value for name, value in fields.items()}


def new_badge() -> str:
    """Return the code of a new badge; only its hash is stored."""
    return BADGE_PREFIX + secrets.token_urlsafe(12)


def hash_badge(code: str) -> str:
    """Return the hash by which a badge is found."""
    return sha256(code.strip().encode()).hexdigest()


def hash_password(password: str) -> str:
    """Return the argon2id hash of a password."""
    if len(password) < MIN_PASSWORD_LENGTH:
        raise ValueError(f"a password has at least {MIN_PASSWORD_LENGTH} characters")
    return _hasher.hash(password)


def hash_pin(pin: str) -> str:
    """Return the argon2id hash of a PIN."""
    if not (pin.isascii() and pin.isdigit() and len(pin) in PIN_LENGTHS):
        raise ValueError(f"a PIN has {PIN_LENGTHS[0]} to {PIN_LENGTHS[-1]} digits")
    return _hasher.hash(pin)


def is_secret_of(secret: str, stored: str | None) -> bool:
    """Return whether a password or PIN matches its hash; as slow without one. Takes tens of milliseconds."""
    try:
        return _hasher.verify(stored or _DECOY, secret) and stored is not None
    except (VerificationError, InvalidHashError):
        return False
