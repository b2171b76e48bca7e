"""HTTP response bodies shared by all commands."""

from shared.contracts.model import KnownFieldsModel
from shared.contracts.problems import Code


class FieldError(KnownFieldsModel):
    """A field that violates its schema."""

    field: str
    message: str


class Problem(KnownFieldsModel):
    """A rejection as RFC 9457 problem details."""

    type: str
    title: str
    status: int
    detail: str
    code: Code
    help: str
    ids: list[str] = []
    """Affected serial numbers, lots or documents."""
    blocked_by: list[str] = []
    """Paths of the blocking resources."""
    suggested: list[str] = []
    """Values that would be accepted instead."""
    errors: list[FieldError] = []
    violations: list["Problem"] = []
    """All violations of a rejected command, the first one included."""


class PartialResult(KnownFieldsModel):
    """Result of a command that may be executed in part."""

    rejected: list[Problem] = []
    """Violations of the rejected items."""
