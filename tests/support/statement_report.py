"""A pytest plugin that reports in build/statements.md which tests cover each statement of the specification.

A test covers a statement if its docstring contains the id: `S04`, or a range such as `S39-S41`. A statement without a
passed test is not covered. Tests run in parts, `--part=NAME` each; the report includes the last run of each part.
"""

import json
import re
from collections import defaultdict
from pathlib import Path

import pytest

STATEMENTS = tuple(f"S{number:02}" for number in range(1, 48))
STATEMENT_IDS = re.compile(r"\bS(\d\d)(?:\s*[-–]\s*S(\d\d))?\b")
REPORT_PATH = Path("build", "statements.md")
PARTS = Path("build", "statements")
"""Folder of the results of each part, by statement and test."""


def statement_ids(text: str) -> list[str]:
    """Return the statement ids in a docstring, with ranges expanded."""
    ranges = [(int(first), int(last or first)) for first, last in STATEMENT_IDS.findall(text)]
    return [f"S{number:02}" for first, last in ranges for number in range(first, last + 1)]


def render_report(results_by_statement: dict[str, dict[str, str]]) -> str:
    """Render the report: each statement with its tests and their results."""
    lines = ["| statement | status | tests |", "|---|---|---|"]
    for statement in STATEMENTS:
        results = results_by_statement.get(statement, {})
        is_covered = "passed" in results.values() and "failed" not in results.values()
        test_list = "<br>".join(f"{test}: {result}" for test, result in sorted(results.items()))
        status = "failed" if "failed" in results.values() else "covered" if is_covered else "not covered"
        lines.append(f"| {statement} | {status} | {test_list} |")
    return "\n".join([*lines, ""])


class Part:
    """Collects the statements and results of the tests of one part."""

    def __init__(self, root: Path, name: str) -> None:
        self.report, self.file = root / REPORT_PATH, root / PARTS / f"{name}.json"
        self.tests: dict[str, dict[str, str]] = defaultdict(dict)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Record the result of a test; a failed setup or teardown counts as a failure."""
        if report.when == "call" or report.outcome != "passed":
            for name, statement in report.user_properties:
                if name == "statement":
                    self.tests[str(statement)][report.nodeid] = report.outcome

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        """Write the results of this part and the report of all parts."""
        self.file.parent.mkdir(parents=True, exist_ok=True)
        self.file.write_text(json.dumps(self.tests))
        tests: dict[str, dict[str, str]] = defaultdict(dict)
        for part in sorted(self.file.parent.glob("*.json")):
            for statement, results in json.loads(part.read_text()).items():
                tests[statement] |= results
        self.report.write_text(render_report(tests))
        terminalreporter.write_line(f"Statement report: {self.report}")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the option for the name of the part."""
    parser.addoption("--part", help="name of this part of the test suite, for the statement report")


def pytest_configure(config: pytest.Config) -> None:
    """Register the collector in the main process, which also receives the results of workers."""
    if (name := config.getoption("part")) and not hasattr(config, "workerinput"):
        config.pluginmanager.register(Part(config.rootpath, name), "statement report")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Attach the statement ids of each docstring to the reports of its test."""
    for item in items:
        doc = item.obj.__doc__ if isinstance(item, pytest.Function) else None
        item.user_properties += [("statement", statement) for statement in statement_ids(doc or "")]
