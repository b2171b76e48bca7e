"""Verification of tokens: signature, issuer, audience, time, revocation."""

import time
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

import jwt
from jwt.types import Options

from shared.auth.files import WatchedFile
from shared.auth.identity import Identity, is_subject
from shared.auth.keys import FetchedKeys, FileKeys, KeysUnavailableError, open_keys
from shared.auth.roles import parse_roles
from shared.auth.settings import AuthSettings, IssuerSettings
from shared.auth.tokens import parse_revoked

LEEWAY_SECONDS = 10.0
"""Allowed difference of clocks."""
MAX_TOKEN_LENGTH = 8192
CACHE_SECONDS = 60.0
"""Time after which a known token is verified again, so that withdrawn keys end."""
CACHE_SIZE = 10_000
UNVERIFIED: Options = {"verify_signature": False}
VERIFIED: Options = {"require": ["exp", "sub"], "verify_exp": False, "verify_nbf": False, "verify_iat": False}
"""Times are compared with the time of the request or record, not with the clock of the library."""


class InvalidTokenError(Exception):
    """A token is not accepted; the message says why."""


class _Issuer:
    """An issuer with its keys and revoked tokens."""

    def __init__(self, settings: IssuerSettings) -> None:
        self.settings = settings
        self.keys: FileKeys | FetchedKeys = open_keys(settings.jwks)
        self._revoked = WatchedFile(settings.tokens, parse_revoked) if settings.tokens else None

    def is_revoked(self, token_id: str) -> bool:
        """Return whether the list of issued tokens says that one is revoked."""
        if self._revoked is None:
            return False
        try:
            return token_id in self._revoked.read()
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise KeysUnavailableError(f"{self._revoked.path}: {error}") from error


class _Entry(NamedTuple):
    """A verified token."""

    identity: Identity
    issuer: _Issuer
    until: float


class TokenVerifier:
    """Verifies tokens of known issuers; without issuers it accepts none."""

    def __init__(self, issuers: Sequence[IssuerSettings] = (), clock: Callable[[], float] = time.time) -> None:
        self._issuers = {settings.issuer: _Issuer(settings) for settings in issuers}
        self._clock = clock
        self._entries: dict[str, _Entry] = {}

    @classmethod
    def from_environment(cls) -> "TokenVerifier":
        """Return the verifier for the issuers that `AUTH_ISSUERS` lists."""
        return cls(AuthSettings().issuers)

    async def verify(self, token: str, at: float | None = None) -> Identity:
        """Return the identity of a token that is valid at a time, by default now.

        Raises InvalidTokenError, and KeysUnavailableError if this cannot be decided.
        """
        now = self._clock()
        entry = self._entries.get(token)
        if entry is None or entry.until < now:
            entry = await self._read(token, now)
        _require_valid_time(entry.identity, now if at is None else at)
        if entry.issuer.is_revoked(entry.identity.token_id):
            raise InvalidTokenError(f"the token {entry.identity.token_id} was revoked")
        return entry.identity

    async def _read(self, token: str, now: float) -> _Entry:
        if len(token) > MAX_TOKEN_LENGTH:
            raise InvalidTokenError(f"the token exceeds {MAX_TOKEN_LENGTH} characters")
        try:
            header = jwt.get_unverified_header(token)
            name = jwt.decode(token, options=UNVERIFIED).get("iss")
        except (jwt.PyJWTError, RecursionError, UnicodeError):
            raise InvalidTokenError("this is no signed JSON Web Token") from None
        issuer = self._issuers.get(name) if isinstance(name, str) else None
        if issuer is None:
            raise InvalidTokenError(f"its issuer {name!r} is not accepted here")
        identity = _to_identity(await _decode(token, header, issuer), issuer.settings.roles)
        if len(self._entries) >= CACHE_SIZE:
            self._entries.clear()
        entry = self._entries[token] = _Entry(identity, issuer, now + CACHE_SECONDS)
        return entry


async def _decode(token: str, header: Mapping[str, Any], issuer: _Issuer) -> Mapping[str, Any]:
    settings = issuer.settings
    if header.get("alg") not in settings.algorithms:
        raise InvalidTokenError(f"its algorithm {header.get('alg')} is not one of {', '.join(settings.algorithms)}")
    key_id = str(header.get("kid", ""))
    key = await issuer.keys.find(key_id)
    if key is None:
        raise InvalidTokenError(f"its key {key_id!r} is not one of {settings.issuer}")
    try:
        claims: dict[str, Any] = jwt.decode(
            token, key, algorithms=settings.algorithms, audience=settings.audience, issuer=settings.issuer,
            options=VERIFIED,
        )  # fmt: skip
    except jwt.InvalidAudienceError:
        raise InvalidTokenError(f"its audience is not {settings.audience}") from None
    except jwt.InvalidSignatureError:
        raise InvalidTokenError("its signature is wrong") from None
    except jwt.PyJWTError as error:
        raise InvalidTokenError(str(error)) from None
    return claims


def _to_identity(claims: Mapping[str, Any], roles_claim: str) -> Identity:
    subject, approver, command = claims["sub"], claims.get("approved_by", ""), claims.get("command", "")
    if not is_subject(subject) or not (approver == "" or is_subject(approver)):
        raise InvalidTokenError("sub and approved_by need 1 to 64 printable ASCII characters")
    if approver and not (isinstance(command, str) and command):
        raise InvalidTokenError("a token with approved_by needs the command for which it is approved")
    roles: Any = claims
    for name in roles_claim.split("."):
        roles = roles.get(name) if isinstance(roles, dict) else None
    try:
        expires_at, not_before = float(claims["exp"]), float(claims.get("nbf", claims.get("iat", 0)))
    except (TypeError, ValueError):
        raise InvalidTokenError("exp, nbf and iat must be numbers") from None
    return Identity(
        subject=subject, roles=parse_roles(roles if isinstance(roles, list) else ()),
        token_id=str(claims.get("jti", "")), expires_at=expires_at, not_before=not_before,
        approved_by=approver, command=str(command),
    )  # fmt: skip


def _require_valid_time(identity: Identity, at: float) -> None:
    if at > identity.expires_at + LEEWAY_SECONDS:
        raise InvalidTokenError(f"it expired at {_describe_time(identity.expires_at)}")
    if at < identity.not_before - LEEWAY_SECONDS:
        raise InvalidTokenError(f"it is valid from {_describe_time(identity.not_before)}")


def _describe_time(seconds: float) -> str:
    return f"{datetime.fromtimestamp(min(max(seconds, 0), 7e9), UTC):%Y-%m-%d %H:%M:%S} UTC"
