"""Signal handling: the first SIGINT or SIGTERM stops the program, further ones are ignored."""

import os
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

SIGNALS = (signal.SIGINT, signal.SIGTERM)


@contextmanager
def stop_on_signal() -> Iterator[None]:
    """Leave the block on the first SIGINT or SIGTERM through all `finally` clauses; ignore further signals."""
    for signal_number in SIGNALS:
        signal.signal(signal_number, _on_first_signal)
    try:
        yield
    except KeyboardInterrupt:
        pass
    finally:
        for signal_number in SIGNALS:
            signal.signal(signal_number, signal.SIG_IGN)  # Python removes our handlers before the process ends


def _on_first_signal(_number: int, _frame: FrameType | None) -> None:
    for signal_number in SIGNALS:
        signal.signal(signal_number, lambda *_: None)  # not SIG_IGN, which child processes would inherit
    os.write(sys.stderr.fileno(), "\nstopping …\n".encode())
    raise KeyboardInterrupt
