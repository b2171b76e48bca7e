"""What became of the rows of a set, from the results of its commands."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from shared.contracts.problems import Code, ProblemDetail
from shared.imports.kinds import ImportKind, RowProblem
from shared.unit_of_work import CommandResult


class Outcome(NamedTuple):
    """What became of a row."""

    key: str
    problems: Sequence[RowProblem] = ()
    part: int | None = None
    """Part of the receipt that states the row."""

    @property
    def status(self) -> str:
        """DONE or FAILED."""
        return "FAILED" if self.problems else "DONE"


@dataclass
class _Violations:
    """Violations of a set: those that name an item, and those that concern all rows."""

    named: dict[str, list[ProblemDetail]] = field(default_factory=dict)
    common: list[ProblemDetail] = field(default_factory=list)

    def add(self, kind: ImportKind, items: set[str], result: CommandResult) -> None:
        for violation in result.violations:
            ids = items.intersection(violation.ids)
            for item in ids:
                self.named.setdefault(item, []).append(violation)
            if not ids:
                self.common.append(violation)
        if result.body is not None:
            for item, problem in kind.find_rejected(result.body).items():
                self.named.setdefault(item, []).append(problem)


def find_outcomes(
    kind: ImportKind, members: Sequence[Any], results: Sequence[CommandResult], *, is_whole: bool = False
) -> list[Outcome] | None:
    """Return what became of the rows of a set, None if a rejection names none of them.

    If a command is rejected because of some rows, the others stay pending, as do all rows while a message in flight
    may resolve the problem. A set that is a whole stands and falls together.
    """
    violations = _Violations()
    items = {row.fields.get(kind.item, "") for row in members}
    is_rejected = False
    for result in results:
        if any(violation.code is Code.NOT_YET_AVAILABLE for violation in result.violations):
            return []
        violations.add(kind, items, result)
        if result.is_rejected:  # what follows is rejected because of it
            is_rejected = True
            break
    if is_rejected and not violations.named and len(members) > 1 and not is_whole:
        return None
    outcomes = []
    for row in members:
        common = [] if violations.named and is_rejected else violations.common
        problems = violations.named.get(row.fields.get(kind.item, "")) or common
        if problems:
            outcomes.append(Outcome(row.key, [_to_problem(kind, row.fields, problem) for problem in problems]))
        elif not is_rejected:
            outcomes.append(Outcome(row.key))
    return outcomes


def _to_problem(kind: ImportKind, fields: Mapping[str, str], problem: ProblemDetail) -> RowProblem:
    """Describe a violation with the column whose value it names."""
    words = problem.detail.split()
    named = {*problem.ids, *words, *(word.rstrip(",;:.") for word in words)}
    column = next((name for name in (kind.item, *fields) if fields.get(name) in named), "")
    return RowProblem.from_violation(problem, column, fields.get(column, ""))
