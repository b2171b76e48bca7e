"""Slows down repeated wrong sign-ins: after five, a pause of a second that doubles up to a minute."""

import time
from collections.abc import Callable

FREE_ATTEMPTS, LONGEST_PAUSE = 5, 60.0
MAX_NAMES = 10_000


class Attempts:
    """Wrong sign-ins by name."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._failed: dict[str, tuple[int, float]] = {}

    def pause(self, name: str) -> float:
        """Return the seconds until the next attempt is allowed."""
        failed, latest = self._failed.get(name, (0, 0.0))
        if failed < FREE_ATTEMPTS:
            return 0.0
        return max(0.0, latest + min(LONGEST_PAUSE, 2.0 ** (failed - FREE_ATTEMPTS)) - self._clock())

    def fail(self, name: str) -> None:
        """Count a wrong sign-in."""
        if len(self._failed) >= MAX_NAMES:
            self._failed.pop(next(iter(self._failed)))
        self._failed[name] = (self._failed.get(name, (0, 0.0))[0] + 1, self._clock())

    def succeed(self, name: str) -> None:
        """Forget the wrong sign-ins of a name."""
        self._failed.pop(name, None)
