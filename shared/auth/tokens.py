"""API tokens of integrators and devices: issued once, listed, revoked."""

import json
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta
from pathlib import Path

from pydantic import TypeAdapter

from shared.auth.files import locked, write_file
from shared.auth.roles import Role
from shared.auth.signer import Signer
from shared.contracts.model import KnownFieldsModel

TOKENS_FILE = "tokens.json"


class IssuedToken(KnownFieldsModel):
    """An API token without its signature."""

    token_id: str
    subject: str
    roles: list[Role]
    issued_at: datetime
    expires_at: datetime
    revoked_at: datetime | None = None


_ISSUED = TypeAdapter(list[IssuedToken])


def parse_tokens(content: bytes) -> list[IssuedToken]:
    """Return the tokens of a list."""
    return _ISSUED.validate_json(content or b"[]")


def parse_revoked(content: bytes) -> frozenset[str]:
    """Return the ids of the revoked tokens of a list."""
    return frozenset(token["token_id"] for token in json.loads(content or b"[]") if token.get("revoked_at"))


class TokenList:
    """The list of issued tokens in a folder; services read it to refuse the revoked ones."""

    def __init__(self, folder: Path) -> None:
        self._folder, self._path = folder, folder / TOKENS_FILE

    def read(self) -> list[IssuedToken]:
        """Return all issued tokens."""
        return parse_tokens(self._path.read_bytes() if self._path.exists() else b"")

    def issue(self, signer: Signer, subject: str, roles: Iterable[Role], lifetime: timedelta, now: datetime) -> str:
        """Sign a token and list it; the token itself is stored nowhere."""
        signed = signer.sign(subject, roles, lifetime, now=now)
        issued = IssuedToken(
            token_id=signed.token_id, subject=subject, roles=sorted(roles), issued_at=now, expires_at=now + lifetime
        )
        with locked(self._folder):
            self._write([*self.read(), issued])
        return signed.token

    def revoke(self, name: str, now: datetime) -> Sequence[IssuedToken]:
        """Revoke a token by its id, or all of a subject; returns those that were valid."""
        with locked(self._folder):
            tokens = self.read()
            revoked = [
                token for token in tokens if name in {token.token_id, token.subject} and token.revoked_at is None
            ]
            for token in revoked:
                token.revoked_at = now
            if revoked:
                self._write(tokens)
        return revoked

    def _write(self, tokens: list[IssuedToken]) -> None:
        write_file(self._path, _ISSUED.dump_json(tokens, indent=2))
