"""Places where a test may stop, kill or trip a running service: what luck would never hit."""

import os
import signal
from pathlib import Path

_FOLDER = os.environ.get("TRACELOT_FAILPOINTS")


class Tripped(Exception):  # noqa: N818 - it is no error but a test's doing
    """Raised at a failpoint by a test's wish."""


def failpoint(name: str) -> None:
    """Do, once, what the file `name` in the folder of failpoints says: stop, kill or raise."""
    if _FOLDER is None:
        return
    try:
        file = Path(_FOLDER, name)
        wish = file.read_text()
        file.unlink()
    except FileNotFoundError:
        return
    if wish == "raise":
        raise Tripped(name)
    os.kill(os.getpid(), {"stop": signal.SIGSTOP, "kill": signal.SIGKILL}[wish])
