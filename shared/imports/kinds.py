"""Kinds of imports: their columns, natural key, and the commands that a set of rows becomes."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Literal, NamedTuple

from pydantic import BaseModel

from shared.contracts.envelope import Message
from shared.contracts.problems import ProblemDetail
from shared.persistence.database import Transaction

Fields = Mapping[str, str]
"""Values of a row by column, as normalised texts; empty cells are absent."""

ColumnType = Literal["identifier", "text", "integer", "quantity", "date", "flag", "choice", "list", "integers"]
"""A choice is read in any case; a list and integers have a blank between their entries."""
DEFAULT = "(default)"
"""Cell that returns a field to its default value; an empty one keeps its value."""


@dataclass(frozen=True)
class Column:
    """A column of a kind of import; a header matches its name or an alias, in any case."""

    name: str
    description: str
    type: ColumnType = "identifier"
    is_required: bool = False
    aliases: tuple[str, ...] = ()
    field: str = ""
    """Path of its field in the commands, if it differs from the name of the column."""
    default: str = ""
    """Value of an empty cell."""
    has_default: bool = False
    """Whether `(default)` returns the field to its default value."""

    @property
    def field_name(self) -> str:
        """Name of its field in the model that has it."""
        return (self.field or self.name).rpartition(".")[2]

    @cached_property
    def headers(self) -> frozenset[str]:
        """Folded headers that name the column."""
        return frozenset(fold_header(name) for name in (self.name, *self.aliases))


@dataclass(frozen=True)
class ReportColumn(Column):
    """A column of our own reports that an import leaves out, if nothing is lost with its value."""

    harmless: frozenset[str] = frozenset()
    """Values in lower case with which nothing is lost; without any, each value is harmless."""
    help: str = ""
    """What to do about other values."""


class RowError(ValueError):
    """Raised by a kind that cannot build the commands of a row; names the problem, what would help and the column."""

    def __init__(self, problem: str, help_text: str, column: str) -> None:
        super().__init__(problem)
        self.problem, self.help, self.column = problem, help_text, column


class RowSet(NamedTuple):
    """Rows that are processed together: they have the same values in the group columns."""

    number: str
    """Number of the import."""
    ordinal: int
    """Number of the set within the import, never used twice."""
    rows: Sequence[Fields]
    part: int = 1
    """First part of the receipt that is not used yet."""

    @property
    def first(self) -> Fields:
        """The first row, for the values that all rows have in common."""
        return self.rows[0]

    def name(self, suffix: str = "") -> str:
        """Name a document of this set."""
        return f"{self.number}-{self.ordinal}{suffix}"


@dataclass(frozen=True)
class ImportKind:
    """A kind of import: how its rows are read, compared, grouped and turned into commands."""

    name: str
    title: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    """Columns of the natural key."""
    group: tuple[str, ...]
    """Columns that rows of one set have in common; without any, each row is a set."""
    item: str
    """Column whose value names a row in a rejection."""
    build: Callable[[RowSet], Sequence[Message]]
    """Builds the commands of a set, in order."""
    find_rejected: Callable[[BaseModel], Mapping[str, ProblemDetail]] = lambda _: {}
    """Finds rejected items in the body of a successful command."""
    find_parts: Callable[[Transaction, Sequence[Fields]], Awaitable[Mapping[str, int]]] | None = None
    """Finds the first free part by the group of rows, under its lock."""
    reported: tuple[ReportColumn, ...] = ()
    """Further columns of our own reports, so that a whole report can be imported."""
    omitted: Mapping[str, str] = field(default_factory=dict)
    """Fields of its commands that no column has, with the reason."""
    correction: str = ""
    """How done rows are corrected if they cannot be replaced."""
    is_remembered: bool = False
    """Whether done rows are kept without limit, since their commands would take effect a second time."""

    @property
    def description(self) -> str:
        """Columns, fields without one, and how rows that are done are changed."""
        columns = (
            f"`{column.name}` {column.description}{' (required)' * column.is_required}" for column in self.columns
        )
        omitted = (f"`{name}` ({reason})" for name, reason in self.omitted.items())
        defaults = (f"`{column.name}`" for column in self.columns if column.has_default)
        sentences = {
            "Columns": "; ".join(columns), "Fields without a column": ", ".join(omitted),
            f"`{DEFAULT}` returns to the default": ", ".join(defaults), "`replace` changes no row": self.correction,
        }  # fmt: skip
        return " ".join(f"{start}: {text.rstrip('.')}." for start, text in sentences.items() if text)

    def column_of_field(self, path: str) -> Column | None:
        """Return the column of a field by its path, otherwise a column of a field within it."""
        fields = {column.field or column.name: column for column in self.columns}
        parts = path.split(".")
        ends = (".".join(parts[start:]) for start in range(len(parts)))
        within = (column for field, column in fields.items() if field.startswith(f"{path}."))
        return next((fields[end] for end in ends if end in fields), None) or next(within, None)

    def column(self, header: str) -> Column | None:
        """Return the column of a header cell."""
        folded = fold_header(header)
        return next((column for column in (*self.columns, *self.reported) if folded in column.headers), None)

    def key_of(self, fields: Fields) -> str | None:
        """Return the natural key of a row, None if a required part is missing."""
        required = {column.name for column in self.columns if column.is_required}
        if any(name in required and name not in fields for name in self.key):
            return None
        return "\x1f".join(fields.get(name, "") for name in self.key)

    def group_of(self, fields: Fields) -> tuple[str, ...]:
        """Return what rows of one set have in common."""
        return tuple(fields.get(name, "") for name in self.group)


def fold_header(header: str) -> str:
    """Return a header without case, blanks, dots, hyphens and underscores."""
    return "".join(character for character in header.casefold() if character not in " ._-\t")


class RowProblem(NamedTuple):
    """What is wrong with a row: column and value if one cell is to blame, the problem, and what would help."""

    problem: str
    help: str
    column: str = ""
    value: str = ""
    code: str = "validation_error"

    @classmethod
    def from_violation(cls, violation: ProblemDetail, column: str = "", value: str = "") -> "RowProblem":
        """Build the problem of a row whose command was rejected."""
        return cls(violation.detail, violation.problem_type.help, column, value, violation.code)

    def to_json(self) -> dict[str, Any]:
        """Return the stored form."""
        return self._asdict()


class ReadRow(NamedTuple):
    """A row of a file: its line, natural key, values and problems."""

    line: int
    key: str | None
    fields: Fields
    problems: Sequence[RowProblem] = ()
