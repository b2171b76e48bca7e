"""Timeouts of tests, and time limits that apply on idle machines only."""

import os
import time

MAX_WAIT_SECONDS = 120.0
"""Seconds after which a missing result is a failure, even if all cores are busy."""
SAMPLE_SECONDS = 0.2
"""Seconds of the busy loop that measures the available CPU time."""


def assert_duration(label: str, seconds: float, limit: float) -> None:
    """Print a duration; exceeding the limit is a failure on idle machines only."""
    print(f"{label}: {seconds:.1f} s, limit {limit:g} s")  # noqa: T201 - shown in the test output
    assert seconds < limit or is_busy(), f"{label} took {seconds:.1f} s on an idle machine, limit {limit:g} s"


def is_busy() -> bool:
    """Return whether the load exceeds the number of cores, or a loop gets less than 90 % of a core."""
    load = os.getloadavg()[0] > (os.cpu_count() or 1)
    wall_start, cpu_start = time.perf_counter(), time.thread_time()
    while (wall := time.perf_counter() - wall_start) < SAMPLE_SECONDS:
        pass
    return load or (time.thread_time() - cpu_start) / wall < 0.9
