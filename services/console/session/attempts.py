"""Slows down guesses at sign-ins: after five, a pause of a second that doubles up to a minute."""

import time
from collections.abc import Callable

FREE_ATTEMPTS, LONGEST_PAUSE = 5, 60.0
MAX_NAMES = 10_000


class Attempts:
    """Attempts to sign in since the last success, by name."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._tried: dict[str, tuple[int, float]] = {}

    def pause(self, name: str) -> float:
        """Return the seconds until the next attempt is allowed."""
        tried, latest = self._tried.get(name, (0, 0.0))
        if tried < FREE_ATTEMPTS:
            return 0.0
        return max(0.0, latest + min(LONGEST_PAUSE, 2.0 ** min(tried - FREE_ATTEMPTS, 10)) - self._clock())

    def begin(self, name: str) -> float:
        """Count an attempt before its secret is verified, unless it comes too early: then return its pause."""
        if pause := self.pause(name):
            return pause
        tried, _ = self._tried.pop(name, (0, 0.0))
        if len(self._tried) >= MAX_NAMES:
            self._tried.pop(next(iter(self._tried)))
        self._tried[name] = (tried + 1, self._clock())
        return 0.0

    def succeed(self, name: str) -> None:
        """Forget the attempts of a name."""
        self._tried.pop(name, None)
