"""Child processes that end with this process, with logs and readiness."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from deploy.local import files

CHILD_SCRIPT = Path(__file__).with_name("child.py")

# Linux sends the death signal when the parent thread ends, so a permanent thread starts all children.
_spawn_executor = ThreadPoolExecutor(max_workers=1, thread_name_prefix="starter")


class StartError(RuntimeError):
    """A part of the stack did not start; the message has the cause and the path of the log."""


def without_database_urls(environment: Mapping[str, str]) -> dict[str, str]:
    """Return an environment without the database URLs of the services, which contain passwords."""
    return {name: value for name, value in environment.items() if not name.endswith("_DATABASE_URL")}


def spawn(
    command: Sequence[str | Path],
    log: Path,
    *,
    environment: Mapping[str, str] | None = None,
    user: str = "-",
    death_signal: signal.Signals = signal.SIGKILL,
    folder: Path | None = None,
) -> subprocess.Popen[bytes]:
    """Start a program that receives `death_signal` when this process dies; append its output to `log`.

    Without `environment` it inherits the variables of this process except the database URLs. Other users cannot read
    the files that it creates.
    """
    full_command = [
        sys.executable,
        "-I",
        "-S",
        str(CHILD_SCRIPT),
        str(os.getpid()),
        str(int(death_signal)),
        user,
        *map(str, command),
    ]
    with files.open_private(log) as output:
        # separate session: this process handles Ctrl-C and stops its children in order
        return _spawn_executor.submit(
            subprocess.Popen,
            full_command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            env=without_database_urls(os.environ) if environment is None else environment,
            cwd=folder,
            umask=0o077,
            start_new_session=True,
        ).result()


def run(command: Sequence[str | Path], log: Path, *, user: str = "-", folder: Path | None = None) -> None:
    """Run a program to completion with its output appended to `log`; raises on failure."""
    process = spawn(command, log, user=user, folder=folder)
    wait_until(lambda: process.poll() == 0, process, log, 120)


def stop(process: subprocess.Popen[bytes], signal_number: signal.Signals, seconds: float) -> int:
    """Signal a child and return its exit code; kill it after a timeout."""
    process.send_signal(signal_number)  # no effect if the child has ended
    return finish(process, seconds)


def finish(process: subprocess.Popen[bytes], seconds: float) -> int:
    """Wait for the end of a child and return its exit code; kill it after a timeout."""
    try:
        return process.wait(seconds)
    except subprocess.TimeoutExpired:
        process.kill()
        return process.wait()


def wait_until(ready: Callable[[], bool], process: subprocess.Popen[bytes], log: Path, seconds: float) -> None:
    """Wait until a child is ready; raises with the last log lines on early exit or timeout."""
    deadline = time.monotonic() + seconds
    while not ready():
        if process.poll() is not None or time.monotonic() > deadline:
            problem = "is not ready in time" if process.poll() is None else f"exited with {process.returncode}"
            tail = "\n".join(log.read_text(errors="replace").splitlines()[-15:])
            raise StartError(f"{log.stem} {problem}; last lines of {log}:\n{tail}")
        time.sleep(0.05)
