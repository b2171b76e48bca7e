"""The sealed cookie of a session: who signed in and when; the server keeps no state."""

import json
import os
import time
from pathlib import Path
from typing import NamedTuple

from cryptography.fernet import Fernet, InvalidToken

COOKIE = "__Host-tracelot"


class SessionCookie(NamedTuple):
    """What the cookie holds."""

    name: str
    stamp: str
    since: int


def load_key(path: Path) -> Fernet:
    """Read the key that seals the cookies; make it at the first start, readable by its owner only."""
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as file:
            file.write(Fernet.generate_key())
    return Fernet(path.read_bytes())


def seal(key: Fernet, cookie: SessionCookie) -> str:
    """Seal a cookie."""
    return key.encrypt(json.dumps(cookie).encode()).decode()


def unseal(key: Fernet, sealed: str, seconds: int) -> SessionCookie | None:
    """Open a sealed cookie; None if it is not ours or too old."""
    try:
        name, stamp, since = json.loads(key.decrypt(sealed.encode(), ttl=seconds))
    except (InvalidToken, ValueError, TypeError):
        return None
    return SessionCookie(str(name), str(stamp), int(since))


def new_cookie(name: str, stamp: str) -> SessionCookie:
    """Return the cookie of a new session."""
    return SessionCookie(name, stamp, int(time.time()))
