"""Waits for what comes about by itself: looks again until it is so, and never longer than it has to."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

from tests.timing import PATIENCE

T = TypeVar("T")

FIRST, LONGEST = 0.02, 0.1
"""Seconds between two looks: short at first, as most things come about at once."""


async def eventually(look: Callable[[], Awaitable[T | None]], seconds: float = PATIENCE) -> T:
    """Look until it neither raises an AssertionError nor gives nothing; at the deadline, what was wrong last."""
    deadline, pause = time.monotonic() + seconds, FIRST
    while True:
        try:
            seen = await look()
        except AssertionError:
            if time.monotonic() > deadline:
                raise
        else:
            if seen:
                return seen
            assert time.monotonic() < deadline, f"waited {seconds:.0f} s in vain for {look.__qualname__}; saw {seen!r}"
        await asyncio.sleep(pause)
        pause = min(LONGEST, pause * 1.3)
