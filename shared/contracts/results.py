"""Bodies of HTTP responses that the results of commands have in common."""

from shared.contracts.model import KnownFieldsModel
from shared.contracts.problems import Code


class FieldError(KnownFieldsModel):
    """A field that does not fit its schema."""

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
    """The serials, lots or documents that it concerns."""
    blocked_by: list[str] = []
    """Paths of the resources in the way."""
    suggested: list[str] = []
    """Values that would be accepted instead."""
    errors: list[FieldError] = []
    refusals: list["Problem"] = []
    """Every reason, where there are several."""


class PartialResult(KnownFieldsModel):
    """Result of a command that may be carried out in part."""

    refused: list[Problem] = []
    """Rejections of the parts that were left out."""
