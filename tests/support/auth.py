"""Tokens of tests: an issuer for the test run, whose services accept them."""

import atexit
import os
import shutil
import tempfile
from datetime import timedelta
from functools import cache, lru_cache
from importlib import import_module
from pathlib import Path

from pydantic_core import to_json

from shared.auth.roles import Role
from shared.auth.settings import own_issuer
from shared.auth.signer import Signer
from shared.messaging.authorization import ROLES_WITHOUT_TOKEN
from shared.messaging.dead_letters import AUTHORIZATION
from shared.messaging.handlers import CommandHandler
from shared.persistence.migrate import service_names

PREFIX = "tracelot-auth-"
FOLDER = Path(os.environ.get("AUTH_FOLDER", ""))
if not FOLDER.name.startswith(PREFIX):  # otherwise it is that of the tests which started this process
    FOLDER = Path(tempfile.mkdtemp(prefix=PREFIX))
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


@cache
def _supervisor_commands() -> frozenset[str]:
    """Return the types of the commands that need a token on Kafka."""
    apps = [import_module(f"services.{name}.app").app for name in service_names()]
    handlers = [handler for app in apps for handler in app.state.registry.handlers]
    return frozenset(
        handler.message.TYPE
        for handler in handlers
        if isinstance(handler, CommandHandler) and handler.role not in ROLES_WITHOUT_TOKEN
    )


def token_headers(message_type: str, subject: str = "ann") -> list[tuple[str, bytes]]:
    """Return the headers of a record: a token if the command needs one."""
    if message_type not in _supervisor_commands():
        return []
    return [(AUTHORIZATION, bearer(subject)["Authorization"].encode())]
