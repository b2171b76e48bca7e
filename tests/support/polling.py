"""Polling for asynchronous results."""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import TypeVar

from tests.support.timing import MAX_WAIT_SECONDS

T = TypeVar("T")

MIN_PAUSE, MAX_PAUSE = 0.02, 0.1
"""Seconds between polls, increasing."""


async def wait_until(probe: Callable[[], Awaitable[T | None]], seconds: float = MAX_WAIT_SECONDS) -> T:
    """Poll until the probe returns a truthy value without an AssertionError; fail at the deadline."""
    deadline, pause = time.monotonic() + seconds, MIN_PAUSE
    while True:
        try:
            result = await probe()
        except AssertionError:
            if time.monotonic() > deadline:
                raise
        else:
            if result:
                return result
            assert time.monotonic() < deadline, (
                f"{probe.__qualname__} not fulfilled after {seconds:.0f} s; last result {result!r}"
            )
        await asyncio.sleep(pause)
        pause = min(MAX_PAUSE, pause * 1.3)
