"""Comparison of the rows of a file with those that its import holds already, by natural key."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from shared.imports.kinds import Fields, ReadRow, RowProblem

UNKEYED = "\x1fline\x1f"
"""Start of the key of a row that has no natural key of its own."""


@dataclass(frozen=True, slots=True)
class StagedRow:
    """A row of an import: PENDING until it is processed, then DONE or FAILED."""

    key: str
    line: int
    fields: Fields
    status: str
    sending: int = 0
    """The last sending of the file that contained it."""
    problems: Sequence[RowProblem] = field(default_factory=tuple)


def stage_rows(
    read: Sequence[ReadRow], stored: Mapping[str, StagedRow], sending: int, *, replace: bool, correction: str = ""
) -> list[StagedRow]:
    """Compare rows with stored ones: equal done rows stay done, changed ones are errors unless they are replaced.

    What cannot be replaced has a correction, which the error names.
    """
    known = dict(stored)
    staged: dict[str, StagedRow] = {}
    for row in read:
        key = row.key if row.key is not None else f"{UNKEYED}{row.line}"
        previous = known.get(key)
        problems = list(row.problems)
        if previous and previous.sending == sending:
            key = f"{UNKEYED}{row.line}"
            problems = [
                RowProblem(f"the same item as in line {previous.line}", "Remove one of the rows.", code="duplicate_row")
            ]
        elif previous and previous.status == "DONE":
            if previous.fields == row.fields:
                staged[key] = known[key] = StagedRow(key, row.line, row.fields, "DONE", sending)
                continue
            if not replace or correction:
                known[key] = StagedRow(key, row.line, previous.fields, "DONE", sending)
                staged[key] = known[key]
                key = f"{UNKEYED}{row.line}"
                problems = [_changed(previous.fields, row.fields, correction)]
        status = "FAILED" if problems else "PENDING"
        staged[key] = known[key] = StagedRow(key, row.line, row.fields, status, sending, problems)
    return list(staged.values())


def _changed(before: Fields, after: Fields, correction: str) -> RowProblem:
    names = [name for name in {**after, **before} if before.get(name) != after.get(name)]
    changes = "; ".join(f"{name}: {before.get(name, '')!r} before, {after.get(name, '')!r} now" for name in names)
    return RowProblem(
        f"this import has done the row with other values: {changes}",
        f"Restore the value. {correction}" if correction else "Restore the value, or send the file with replace=true.",
        names[0], after.get(names[0], ""), "import_row_changed",
    )  # fmt: skip
