"""Files of sign-in: written as a whole, readable by this user only, read again when they change."""

import fcntl
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Generic, TypeVar
from uuid import uuid4

T = TypeVar("T")
CHECK_SECONDS = 1.0
"""Seconds after which a file is looked at again."""


def write_file(path: Path, content: bytes) -> None:
    """Replace a file as a whole; only its owner reads it."""
    draft = path.with_name(f".{path.name}.{uuid4().hex}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


def create_file(path: Path, content: bytes) -> bool:
    """Create a file unless it exists; returns whether it was created."""
    draft = path.with_name(f".{path.name}.{uuid4().hex}")
    write_file(draft, content)
    try:
        os.link(draft, path)
    except FileExistsError:
        return False
    finally:
        draft.unlink()
    return True


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Exclude other processes that change files of the folder."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


class WatchedFile(Generic[T]):
    """The content of a file, read again when it changes; a missing file is empty."""

    def __init__(self, path: Path, parse: Callable[[bytes], T], clock: Callable[[], float] = time.monotonic) -> None:
        self.path, self._parse, self._clock = path, parse, clock
        self._content = parse(b"")
        self._version: tuple[int, int, int] | None = None
        self._next_check = 0.0
        self.changes = 0
        """Number of times the content was read."""

    def read(self, *, at_once: bool = False) -> T:
        """Return the content of the file, which is looked at once a second or at once."""
        now = self._clock()
        if at_once or now >= self._next_check:
            self._next_check = now + CHECK_SECONDS
            self._update()
        return self._content

    def _update(self) -> None:
        version = None
        with suppress(FileNotFoundError):
            state = self.path.stat()
            version = (state.st_mtime_ns, state.st_size, state.st_ino)
        if version == self._version:
            return
        self._content = self._parse(b"" if version is None else self.path.read_bytes())
        self._version = version
        self.changes += 1
