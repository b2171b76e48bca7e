"""Problems: stable error codes with HTTP status, title and help text."""

from typing import Any

from shared.contracts.model import KnownFieldsModel
from shared.contracts.problems.codes import Code
from shared.contracts.problems.types import PROBLEM_TYPES, ProblemType

__all__ = ["PROBLEM_TYPES", "Code", "ProblemDetail", "ProblemType"]


class ProblemDetail(KnownFieldsModel):
    """One occurrence of a problem: detail text, affected ids and paths of blocking resources."""

    code: Code
    detail: str
    ids: list[str] = []
    blocked_by: list[str] = []
    suggested: list[str] = []
    """Values that would be accepted instead."""

    @property
    def problem_type(self) -> ProblemType:
        """Status, title and help text of its code."""
        return PROBLEM_TYPES[self.code]

    def to_body(self, **extra: Any) -> dict[str, Any]:
        """Return the RFC 9457 response body."""
        problem_type = self.problem_type
        return {
            "type": f"urn:tracelot:problem:{self.code}",
            "title": problem_type.title,
            "status": problem_type.status,
            "detail": self.detail,
            "code": self.code,
            "help": problem_type.help,
            **({"ids": self.ids} if self.ids else {}),
            **({"blocked_by": self.blocked_by} if self.blocked_by else {}),
            **({"suggested": self.suggested} if self.suggested else {}),
            **extra,
        }
