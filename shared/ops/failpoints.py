"""Failpoints: places at which a test can stop, kill or fail a running service."""

import os
import signal
from pathlib import Path

_FOLDER = os.environ.get("TRACELOT_FAILPOINTS")


class FailpointTriggered(Exception):  # noqa: N818 - raised on purpose by a test
    """Raised at a failpoint that a test has armed."""


def failpoint(name: str) -> None:
    """Execute once the action in the file `name` of the failpoints folder: stop, kill or raise."""
    if _FOLDER is None:
        return
    try:
        file = Path(_FOLDER, name)
        action = file.read_text()
        file.unlink()
    except FileNotFoundError:
        return
    if action == "raise":
        raise FailpointTriggered(name)
    os.kill(os.getpid(), {"stop": signal.SIGSTOP, "kill": signal.SIGKILL}[action])
