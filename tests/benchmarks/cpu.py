"""Processor seconds by process, from /proc: services, Kafka, PostgreSQL by database, and the benchmark."""

import os
from collections.abc import Mapping
from pathlib import Path

TICKS_PER_SECOND = os.sysconf("SC_CLK_TCK")


def _process_times(pid: int) -> tuple[int, float, float]:
    """Return the parent pid, own seconds, and seconds of ended children."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    user, system, ended_user, ended_system = map(int, fields[11:15])
    return int(fields[1]), (user + system) / TICKS_PER_SECOND, (ended_user + ended_system) / TICKS_PER_SECOND


def _process_title(pid: int) -> str:
    """Return the database of a PostgreSQL process, or "postgres server" for background processes."""
    arguments = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").split()
    return f"postgres {arguments[2]}" if len(arguments) > 3 and "(" in arguments[3] else "postgres server"


def postgres_seconds(server: int) -> dict[str, float]:
    """Return the seconds of the server and its children by database; ended children count as the server."""
    by_title: dict[str, float] = {}
    for pid in (int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()):
        try:
            parent, own, ended = _process_times(pid)
            if server in (pid, parent):
                title, seconds = ("postgres server", own + ended) if pid == server else (_process_title(pid), own)
                by_title[title] = by_title.get(title, 0) + seconds
        except OSError:
            continue  # ended meanwhile
    return by_title


def cpu_seconds(processes: Mapping[str, int], server: int) -> dict[str, float]:
    """Return the seconds used so far by each process and by PostgreSQL."""
    return {name: _process_times(pid)[1] for name, pid in processes.items()} | postgres_seconds(server)


def difference(after: Mapping[str, float], before: Mapping[str, float]) -> dict[str, float]:
    """Return the seconds used between two measurements."""
    return {name: seconds - before.get(name, 0) for name, seconds in after.items()}
