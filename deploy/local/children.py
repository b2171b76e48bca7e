"""Child processes that die with us, and the small things around them: ports, logs, waiting."""

import os
import secrets
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

WRAPPER = Path(__file__).with_name("child.py")

# Below those that the kernel gives to clients: one that tries again and again to reach a stopped server on such a port
# is given it in the end, connects to itself, and the server cannot come back.
PORTS = range(15_000, 32_000)

# Linux sends the death signal when the parent's *thread* ends: one that lives as long as this process starts them all.
_starter = ThreadPoolExecutor(max_workers=1, thread_name_prefix="starter")


class StartError(RuntimeError):
    """Something of the stack did not start; the text says why and where its log is."""


def spawn(
    command: Sequence[str | Path],
    log: Path,
    *,
    environment: Mapping[str, str] | None = None,
    user: str = "-",
    death_signal: signal.Signals = signal.SIGKILL,
    folder: Path | None = None,
) -> subprocess.Popen[bytes]:
    """Start a program that gets `death_signal` when we die, its output appended to `log`."""
    log.parent.mkdir(parents=True, exist_ok=True)
    wrapped = [
        sys.executable,
        "-I",
        "-S",
        str(WRAPPER),
        str(os.getpid()),
        str(int(death_signal)),
        user,
        *map(str, command),
    ]
    with log.open("ab") as output:
        # a session of its own: Ctrl-C at the terminal is ours to pass on, in order
        return _starter.submit(
            subprocess.Popen,
            wrapped,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=environment,
            cwd=folder,
            start_new_session=True,
        ).result()


def run(command: Sequence[str | Path], log: Path, *, user: str = "-", folder: Path | None = None) -> None:
    """Run a program to its end, its output appended to `log`; a failure raises."""
    process = spawn(command, log, user=user, folder=folder)
    wait_until(lambda: process.poll() == 0, process, log, 120)


def stop(process: subprocess.Popen[bytes], how: signal.Signals, seconds: float) -> int:
    """Signal a child and give its exit code; one that does not end in time is killed."""
    process.send_signal(how)  # does nothing where the child has ended
    return finish(process, seconds)


def finish(process: subprocess.Popen[bytes], seconds: float) -> int:
    """Wait for the end of a child that is ending, and give its exit code; past the time it is killed."""
    try:
        return process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait()


def wait_until(ready: Callable[[], bool], process: subprocess.Popen[bytes], log: Path, seconds: float) -> None:
    """Wait until a starting child is ready; its early end or the time running out raises with the log's last lines."""
    deadline = time.monotonic() + seconds
    while not ready():
        if process.poll() is not None or time.monotonic() > deadline:
            what = "did not get ready in time" if process.poll() is None else f"ended with {process.returncode}"
            tail = "\n".join(log.read_text(errors="replace").splitlines()[-15:])
            raise StartError(f"{log.stem} {what}; {log} ends with:\n{tail}")
        time.sleep(0.05)


def free_ports(count: int) -> list[int]:
    """Find ports of 127.0.0.1 that nobody listens on, all different."""
    found: set[int] = set()
    while len(found) < count:
        port = PORTS.start + secrets.randbelow(len(PORTS))
        try:
            socket.create_server(("127.0.0.1", port)).close()
        except OSError:
            continue
        found.add(port)
    return list(found)
