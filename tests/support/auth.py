"""Tokens of tests: an issuer for the process, whose services accept them."""

import atexit
import shutil
import tempfile
from datetime import timedelta
from functools import lru_cache
from pathlib import Path

from pydantic_core import to_json

from shared.auth.roles import Role
from shared.auth.settings import own_issuer
from shared.auth.signer import Signer

FOLDER = Path(tempfile.mkdtemp(prefix="tracelot-auth-"))
atexit.register(shutil.rmtree, FOLDER, ignore_errors=True)
SIGNER = Signer.open(FOLDER)
ENVIRONMENT = {
    "AUTH_FOLDER": str(FOLDER), "AUTH_ISSUERS": to_json([own_issuer(FOLDER).model_dump(mode="json")]).decode()
}  # fmt: skip
"""Variables of services that accept these tokens."""
ALL_ROLES = (Role.ADMIN, Role.INTEGRATOR)
LIFETIME = timedelta(hours=12)


@lru_cache(maxsize=1024)
def token_of(subject: str, *roles: Role) -> str:
    """Return a token of a subject, by default with all roles."""
    return SIGNER.sign(subject, roles or ALL_ROLES, LIFETIME).token


def bearer(subject: str = "ann", *roles: Role) -> dict[str, str]:
    """Return the header of a request that a subject sends, by default with all roles."""
    return {"Authorization": f"Bearer {token_of(subject, *roles)}"}
