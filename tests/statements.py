"""A pytest plugin: build/statements.md says which tests show each statement of the specification.

A test shows a statement by naming its id in its docstring: `S04`, or a range like `S39-S41`. A statement without a
passed test is not shown. The tests are run in parts, `--part=NAME` each: the sheet tells the last run of each part.
"""

import json
import re
from collections import defaultdict
from pathlib import Path

import pytest

STATEMENTS = tuple(f"S{number:02}" for number in range(1, 48))
NAMED = re.compile(r"\bS(\d\d)(?:\s*[-–]\s*S(\d\d))?\b")
SHEET = Path("build", "statements.md")
PARTS = Path("build", "statements")
"""What came of the tests of each part, by statement and test."""


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


class Part:
    """Collects what each test of a part names and how it ended."""

    def __init__(self, root: Path, name: str) -> None:
        self.sheet, self.file = root / SHEET, root / PARTS / f"{name}.json"
        self.tests: dict[str, dict[str, str]] = defaultdict(dict)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Keep a test's result; a failed setup or teardown is a failure, too."""
        if report.when == "call" or report.outcome != "passed":
            for name, statement in report.user_properties:
                if name == "statement":
                    self.tests[str(statement)][report.nodeid] = report.outcome

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Write what came of this part, and the sheet of all parts; say where it is."""
        self.file.parent.mkdir(parents=True, exist_ok=True)
        self.file.write_text(json.dumps(self.tests))
        tests: dict[str, dict[str, str]] = defaultdict(dict)
        for part in sorted(self.file.parent.glob("*.json")):
            for statement, results in json.loads(part.read_text()).items():
                tests[statement] |= results
        self.sheet.write_text(sheet(tests))
        terminalreporter.write_line(f"Statement by statement: {self.sheet}")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Take the name of the part that a run is."""
    parser.addoption("--part", help="the part of all tests that this run is, for the sheet of statements")


def pytest_configure(config: pytest.Config) -> None:
    """Keep what came of a part; of workers the process that started them does."""
    if (name := config.getoption("part")) and not hasattr(config, "workerinput"):
        config.pluginmanager.register(Part(config.rootpath, name), "statements of a part")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let the reports of each test carry the statements that its docstring names."""
    for item in items:
        doc = item.obj.__doc__ if isinstance(item, pytest.Function) else None
        item.user_properties += [("statement", statement) for statement in named(doc or "")]
