"""Rows of imports: comparison with an earlier sending, and what becomes of the rows of a set."""

from typing import NamedTuple, get_args

from pydantic import BaseModel

from services.receiving.imports import KINDS
from services.receiving.imports.opening_stock import UNMATCHED_CODES
from shared.contracts.problems import Code, ProblemDetail
from shared.contracts.receiving import DiscrepancyKind, RejectionKind
from shared.imports.comparison import StagedRow, stage_rows
from shared.imports.kinds import Fields, ReadRow, RowProblem
from shared.imports.outcomes import find_outcomes
from shared.unit_of_work import CommandResult

EXPECTED = next(kind for kind in KINDS if kind.name == "expected-serials")
DONE = StagedRow("A", 2, {"serial": "A", "line": "1"}, "DONE", 1)
FAILED = StagedRow("A", 2, {"serial": "A", "line": "1"}, "FAILED", 1)


def statuses(read: ReadRow, stored: StagedRow, *, replace: bool = False) -> list[tuple[str, str]]:
    """Return status and code of the rows of a second sending."""
    staged = stage_rows([read], {stored.key: stored}, 2, replace=replace)
    return [(row.status, next((problem.code for problem in row.problems), "")) for row in staged]


def test_rows_of_a_second_sending() -> None:
    """S45: equal done rows stay done, changed ones are errors until they are replaced, failed ones are tried again."""
    same, changed = ReadRow(5, "A", DONE.fields), ReadRow(5, "A", {"serial": "A", "line": "2"})
    assert statuses(same, DONE) == [("DONE", "")]
    assert statuses(same, DONE, replace=True) == [("DONE", "")]
    assert statuses(changed, DONE) == [("DONE", ""), ("FAILED", "import_row_changed")]
    assert statuses(changed, DONE, replace=True) == [("PENDING", "")]
    assert statuses(same, FAILED) == [("PENDING", "")]
    assert statuses(changed, FAILED) == [("PENDING", "")]


def test_rows_that_cannot_be_replaced() -> None:
    """S45: what is done once and for all is an error also with `replace`, which says how to correct it."""
    changed = ReadRow(5, "A", {"serial": "A", "line": "2"})
    staged = stage_rows([changed], {"A": DONE}, 2, replace=True, correction="Count it.")
    assert [row.status for row in staged] == ["DONE", "FAILED"]
    assert staged[1].problems[0].help == "Restore the value. Count it."


def test_rows_that_stand_twice_in_a_file() -> None:
    """S45: the second row of a key is an error that names the line of the first one, within a set and after it."""
    first, second = ReadRow(2, "A", {"serial": "A"}), ReadRow(9, "A", {"serial": "A"})
    together = stage_rows([first, second], {}, 1, replace=False)
    (later,) = stage_rows([second], {"A": together[0]}, 1, replace=False)
    for row in (together[1], later):
        assert (row.status, row.line, row.problems[0].problem) == ("FAILED", 9, "the same item as in line 2")


def test_rows_without_a_key_are_kept_by_line() -> None:
    """S45: rows whose key is missing are failed rows of their own."""
    problem = RowProblem("the value is missing", "Fill in the column.", "serial")
    staged = stage_rows([ReadRow(2, None, {}, [problem]), ReadRow(3, None, {}, [problem])], {}, 1, replace=False)
    assert [(row.line, row.status) for row in staged] == [(2, "FAILED"), (3, "FAILED")]


class StoredRow(NamedTuple):
    """A pending row."""

    key: str
    fields: Fields


class Body(BaseModel):
    """Body of a success."""


ROWS = [StoredRow(serial, {"serial": serial, "sku": "PUMP", "line": "1"}) for serial in ("A", "B")]


def outcomes(*results: CommandResult, is_whole: bool = False) -> dict[str, list[tuple[str, str]]] | None:
    """Return the problems of the rows that are settled, as column and code; None if it is not clear whose they are."""
    found = find_outcomes(EXPECTED, ROWS, results, is_whole=is_whole)
    if found is None:
        return None
    return {outcome.key: [(problem.column, problem.code) for problem in outcome.problems] for outcome in found}


def test_outcomes_of_a_set() -> None:
    """S45: a problem concerns the rows that it names; rows that are rejected because of others are tried again."""
    done, named = CommandResult(Body()), ProblemDetail(code=Code.DUPLICATE_SERIAL, detail="twice", ids=["A"])
    common = ProblemDetail(code=Code.WRONG_PRODUCT, detail="Product PUMP is another one")
    in_flight = ProblemDetail(code=Code.NOT_YET_AVAILABLE, detail="Product PUMP not found")
    assert outcomes(done, done) == {"A": [], "B": []}
    assert outcomes(CommandResult(Body(), violations=[named])) == {"A": [("serial", "duplicate_serial")], "B": []}
    assert outcomes(done, CommandResult.rejected(named)) == {"A": [("serial", "duplicate_serial")]}
    everyone = [("sku", "wrong_product")]
    assert outcomes(CommandResult.rejected(common), CommandResult.rejected(named)) is None
    assert outcomes(CommandResult.rejected(common), is_whole=True) == {"A": everyone, "B": everyone}
    assert outcomes(CommandResult.rejected(in_flight)) == {}


def test_unmatched_scans_are_problems() -> None:
    """S45: no scan of opening stock that becomes a discrepancy is taken for a received row."""
    decided = {"SHORT", *get_args(RejectionKind)}
    kinds = {kind for part in get_args(DiscrepancyKind) for kind in (get_args(part) or (part,))}
    assert set(UNMATCHED_CODES) == kinds - decided
