"""Files of the local stack: where they lie, and writing them so that no reader sees half of one."""

import fcntl
import json
import os
import secrets
from collections.abc import Iterable
from pathlib import Path
from typing import Any

PROJECT = Path(__file__).resolve().parents[2]
STACK = PROJECT / ".stack"


def write_private_json(path: Path, content: object) -> None:
    """Write JSON that only this user may read, atomically: it may hold passwords."""
    draft = path.with_suffix(".draft")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        json.dump(content, file, indent=2)
        file.write("\n")
    draft.replace(path)


def read_json(path: Path) -> dict[str, Any]:
    """Read a JSON object; a file that does not exist is an empty one."""
    try:
        content: dict[str, Any] = json.loads(path.read_text())
    except FileNotFoundError:
        return {}
    return content


def passwords(path: Path, names: Iterable[str]) -> dict[str, str]:
    """Give each role its kept password, and a new random one where it has none yet."""
    kept = read_json(path)
    wanted = {name: str(kept.get(name) or secrets.token_hex(16)) for name in names}
    if wanted != kept:
        write_private_json(path, kept | wanted)
    return wanted


def lock(path: Path) -> int | None:
    """Take a folder's lock for as long as this process holds the descriptor; None where another process has it."""
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor
