"""Ctrl-C, once or in a hurry: the first unwinds what runs, whatever comes while it unwinds changes nothing."""

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def stoppable() -> Iterator[None]:
    """Leave the block at the first SIGINT or SIGTERM, by way of every `finally` in it; from then on none is heard."""
    for each in SIGNALS:
        signal.signal(each, _first)
    try:
        yield
    except KeyboardInterrupt:
        pass
    finally:
        for each in SIGNALS:
            signal.signal(each, signal.SIG_IGN)  # Python takes handlers of ours away before it has ended


def _first(_number: int, _frame: FrameType | None) -> None:
    for each in SIGNALS:
        signal.signal(each, lambda *_: None)  # not SIG_IGN, which a child would inherit
    os.write(sys.stderr.fileno(), "\nstopping …\n".encode())
    raise KeyboardInterrupt
