"""Processor seconds by process, from /proc: each service, Kafka, PostgreSQL by database, and the bench itself."""

import os
from collections.abc import Mapping
from pathlib import Path

TICK = os.sysconf("SC_CLK_TCK")


def _times(pid: int) -> tuple[int, float, float]:
    """Parent, own seconds, seconds of children that ended."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    user, system, gone_user, gone_system = map(int, fields[11:15])
    return int(fields[1]), (user + system) / TICK, (gone_user + gone_system) / TICK


def _title(pid: int) -> str:
    """What a PostgreSQL process works at: a service's database, or a task of the server's own."""
    words = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").split()
    return f"postgres {words[2]}" if len(words) > 3 and "(" in words[3] else "postgres itself"


def postgres(server: int) -> dict[str, float]:
    """The server and its children, by database; what ended counts as the server's own."""
    found: dict[str, float] = {}
    for pid in (int(entry.name) for entry in Path("/proc").iterdir() if entry.name.isdigit()):
        try:
            parent, own, gone = _times(pid)
            if server in (pid, parent):
                title, seconds = ("postgres itself", own + gone) if pid == server else (_title(pid), own)
                found[title] = found.get(title, 0) + seconds
        except OSError:
            continue  # ended while we looked
    return found


def spent(processes: Mapping[str, int], server: int) -> dict[str, float]:
    """Seconds used so far by each process and by the server's; differences of two of these are what a run took."""
    return {name: _times(pid)[1] for name, pid in processes.items()} | postgres(server)


def difference(after: Mapping[str, float], before: Mapping[str, float]) -> dict[str, float]:
    """What was used between two looks."""
    return {name: seconds - before.get(name, 0) for name, seconds in after.items()}
