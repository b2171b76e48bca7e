"""Signs tokens with a key that is made at first start; its public part is published as a JWKS."""

import json
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Any, NamedTuple, Self
from uuid import uuid4

import jwt
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
    load_pem_private_key,
)

from shared.auth.files import create_file, write_file
from shared.auth.identity import is_subject
from shared.auth.keys import public_jwk
from shared.auth.roles import Role
from shared.auth.settings import AUDIENCE, ISSUER

KEY_FILE, JWKS_FILE = "signing-key.pem", "jwks.json"


class SignedToken(NamedTuple):
    """A token and its id."""

    token: str
    token_id: str


class Signer:
    """Signs tokens of the issuer `tracelot`."""

    def __init__(self, key: Ed25519PrivateKey) -> None:
        self._key = key
        public = key.public_key()
        self.key_id = sha256(public.public_bytes(Encoding.Raw, PublicFormat.Raw)).hexdigest()[:16]
        self.jwks: dict[str, Any] = {"keys": [public_jwk(public, self.key_id)]}
        """The public keys, for `/.well-known/jwks.json`."""

    @classmethod
    def open(cls, folder: Path) -> Self:
        """Load the key of a folder; make it, readable by this user only, if there is none."""
        folder.mkdir(parents=True, exist_ok=True)
        path = folder / KEY_FILE
        if not path.exists():
            create_file(path, _new_key())
        key = load_pem_private_key(path.read_bytes(), password=None)
        if not isinstance(key, Ed25519PrivateKey):
            raise TypeError(f"{path} is no Ed25519 key")
        signer = cls(key)
        content = json.dumps(signer.jwks, indent=2).encode()
        jwks = folder / JWKS_FILE
        if not jwks.exists() or jwks.read_bytes() != content:
            write_file(jwks, content)
        return signer

    def sign(
        self, subject: str, roles: Iterable[Role], lifetime: timedelta, *, now: datetime | None = None,
        approved_by: str = "", command: str = "",
    ) -> SignedToken:  # fmt: skip
        """Sign a token; one that a supervisor approves is for a single command, its type and idempotency key."""
        if not is_subject(subject) or (approved_by and not (is_subject(approved_by) and command)):
            raise ValueError("a subject is 1 to 64 printable ASCII characters; an approval needs its command")
        now, token_id = now or datetime.now(UTC), str(uuid4())
        claims = {
            "iss": ISSUER, "aud": AUDIENCE, "sub": subject, "iat": int(now.timestamp()),
            "exp": int((now + lifetime).timestamp()), "jti": token_id, "roles": sorted(role.value for role in roles),
        }  # fmt: skip
        approval = {"approved_by": approved_by, "command": command} if approved_by else {}
        token = jwt.encode(claims | approval, self._key, algorithm="EdDSA", headers={"kid": self.key_id})
        return SignedToken(token, token_id)


def _new_key() -> bytes:
    return Ed25519PrivateKey.generate().private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
