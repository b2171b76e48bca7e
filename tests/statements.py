"""A pytest plugin: after a full run, build/statements.md says which tests show each statement of the specification.

A test shows a statement by naming its id in its docstring: `S04`, or a range like `S39-S41`. A statement without a
passed test is not shown.
"""

import re
from collections import defaultdict
from pathlib import Path

import pytest

STATEMENTS = tuple(f"S{number:02}" for number in range(1, 48))
NAMED = re.compile(r"\bS(\d\d)(?:\s*[-–]\s*S(\d\d))?\b")
SHEET = Path("build", "statements.md")


def named(text: str) -> list[str]:
    """Give the ids that a docstring names, ranges written out."""
    found = [(int(first), int(last or first)) for first, last in NAMED.findall(text)]
    return [f"S{number:02}" for first, last in found for number in range(first, last + 1)]


def sheet(tests: dict[str, dict[str, str]]) -> str:
    """Write the sheet: statement, its tests, what came of them."""
    lines = ["| statement | shown | tests |", "|---|---|---|"]
    for statement in STATEMENTS:
        results = tests.get(statement, {})
        shown = "passed" in results.values() and "failed" not in results.values()
        listed = "<br>".join(f"{test}: {result}" for test, result in sorted(results.items()))
        verdict = "failed" if "failed" in results.values() else "shown" if shown else "not shown"
        lines.append(f"| {statement} | {verdict} | {listed} |")
    return "\n".join([*lines, ""])


class Sheet:
    """Collects what each test names and how it ended."""

    def __init__(self, root: Path) -> None:
        self.path = root / SHEET
        self.names: dict[str, list[str]] = {}
        self.tests: dict[str, dict[str, str]] = defaultdict(dict)

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        """Read the docstrings of the tests that will run."""
        for item in items:
            doc = item.obj.__doc__ if isinstance(item, pytest.Function) else None
            self.names[item.nodeid] = named(doc or "")

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Keep a test's result; a failed setup or teardown is a failure, too."""
        if report.when == "call" or report.outcome != "passed":
            for statement in self.names.get(report.nodeid, []):
                self.tests[statement][report.nodeid] = report.outcome

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Write the sheet and say where it is."""
        self.path.parent.mkdir(exist_ok=True)
        self.path.write_text(sheet(self.tests))
        terminalreporter.write_line(f"Statement by statement: {self.path}")


def pytest_configure(config: pytest.Config) -> None:
    """Keep a sheet in full runs only: after a part of the tests it would say too little."""
    full = config.args_source is pytest.Config.ArgsSource.TESTPATHS
    if full and not config.option.keyword and not config.option.markexpr and not config.option.collectonly:
        config.pluginmanager.register(Sheet(config.rootpath), "statements sheet")
