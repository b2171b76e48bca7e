"""Reads files as expected serial numbers and prints, for each, why it is refused and the peak of memory so far.

`python -m tests.support.file_reader FILE …`
"""

import json
import resource
import subprocess
import sys
from pathlib import Path
from typing import Any

from deploy.local.files import PROJECT
from services.receiving.imports import KINDS
from shared.imports.files import FileError, FileOptions
from shared.imports.rows import read_rows

EXPECTED = next(kind for kind in KINDS if kind.name == "expected-serials")


def peak_mib(who: int = resource.RUSAGE_SELF) -> int:
    """Return the peak of the resident memory of this process, or of its children."""
    return resource.getrusage(who).ru_maxrss // 1024


def why_refused(path: Path) -> str:
    """Return the reason why a file is refused, or the first problem of its rows."""
    try:
        problems = [problem.problem for row in read_rows(path, EXPECTED, FileOptions()) for problem in row.problems]
    except FileError as error:
        return str(error)
    return problems[0] if problems else ""


def run_module(name: str, *arguments: str) -> list[Any]:
    """Run a module in a process of its own; return its lines of JSON."""
    command = [sys.executable, "-m", name, *arguments]
    done = subprocess.run(command, cwd=PROJECT, stdout=subprocess.PIPE, text=True, check=True)
    return [json.loads(line) for line in done.stdout.splitlines()]


def main() -> None:
    """Print a line of JSON for each file."""
    before = peak_mib()
    for name in sys.argv[1:]:
        reason = why_refused(Path(name))
        print(json.dumps([reason, peak_mib() - before, peak_mib(resource.RUSAGE_CHILDREN)]))  # noqa: T201 - its result


if __name__ == "__main__":
    main()
