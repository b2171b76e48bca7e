"""Files of the local stack: paths, atomic writing, passwords, locks."""

import fcntl
import json
import os
import secrets
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

PROJECT = Path(__file__).resolve().parents[2]
STACK = PROJECT / ".stack"


def write_private_json(path: Path, content: object) -> None:
    """Write JSON atomically, readable by this user only since it may contain passwords."""
    draft = path.with_suffix(".draft")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        json.dump(content, file, indent=2)
        file.write("\n")
    draft.replace(path)


def make_private_folder(path: Path) -> None:
    """Create a folder that other users can neither list nor enter; an existing one is closed to them."""
    path.mkdir(parents=True, exist_ok=True)
    path.chmod(0o700)


def open_private(path: Path) -> BinaryIO:
    """Open a file for appending, readable by this user only; its folder is created if it is missing."""
    if not path.parent.exists():
        make_private_folder(path.parent)
    file = os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "ab")
    os.fchmod(file.fileno(), 0o600)  # of earlier versions
    return file


def read_json(path: Path) -> dict[str, Any]:
    """Read a JSON object; a missing file is an empty object."""
    try:
        content: dict[str, Any] = json.loads(path.read_text())
    except FileNotFoundError:
        return {}
    return content


def load_passwords(path: Path, names: Iterable[str]) -> dict[str, str]:
    """Load the passwords of roles; generate and store missing ones."""
    stored = read_json(path)
    complete = {name: str(stored.get(name) or secrets.token_hex(16)) for name in names}
    if complete != stored:
        write_private_json(path, stored | complete)
    return complete


@contextmanager
def lock(path: Path) -> Iterator[None]:
    """Lock a file, after other processes have unlocked it."""
    with path.open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def try_lock(path: Path) -> int | None:
    """Lock a file until its descriptor is closed; returns None if another process holds the lock."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor
