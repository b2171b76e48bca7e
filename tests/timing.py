"""How long tests wait for what comes about by itself, and when they judge how long something took."""

import os
import time

PATIENCE = 120.0
"""Seconds after which something that should have come about is a failure, also where all cores are busy."""
SAMPLE = 0.2
"""Seconds for which a loop asks for a core of its own."""


def judge(what: str, seconds: float, limit: float) -> None:
    """Print how long something took; over its limit it is a failure on an idle machine only."""
    print(f"{what}: {seconds:.1f} s, limit {limit:.0f} s")  # noqa: T201 - a figure of the run
    assert seconds < limit or busy(), f"{what} took {seconds:.1f} s on an idle machine, limit {limit:.0f} s"


def busy() -> bool:
    """Say whether others keep the cores busy: more works than there are cores, or a loop is given less than one."""
    load = os.getloadavg()[0] > (os.cpu_count() or 1)
    began, before = time.perf_counter(), time.thread_time()
    while (wall := time.perf_counter() - began) < SAMPLE:
        pass
    return load or (time.thread_time() - before) / wall < 0.9
