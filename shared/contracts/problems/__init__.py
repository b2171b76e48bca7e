"""Problems: stable error codes with HTTP status, title and help text."""

from typing import Any

from shared.contracts.model import KnownFieldsModel
from shared.contracts.problems.codes import Code
from shared.contracts.problems.problem_type import ProblemType
from shared.contracts.problems.types import PROBLEM_TYPES

__all__ = ["CODES_OF_ABSENCE", "PROBLEM_TYPES", "Code", "ProblemDetail", "ProblemType", "ProvisionalProblem"]

CODES_OF_ABSENCE = frozenset(
    {
        Code.PRODUCT_NOT_FOUND, Code.WAREHOUSE_NOT_FOUND, Code.LOCATION_NOT_FOUND, Code.RECEIPT_NOT_FOUND,
        Code.SERIAL_NOT_FOUND, Code.LOT_NOT_FOUND, Code.ORDER_NOT_FOUND, Code.UNKNOWN_SCAN,
    }
)  # fmt: skip
"""Codes of what arrives by messages: while these may be in flight, its absence is provisional."""


class ProblemDetail(KnownFieldsModel):
    """One occurrence of a problem: detail text, affected ids and paths of blocking resources."""

    code: Code
    detail: str
    ids: list[str] = []
    blocked_by: list[str] = []
    suggested: list[str] = []
    """Values that would be accepted instead."""

    @property
    def is_provisional(self) -> bool:
        """Whether a message in flight may resolve the problem."""
        return self.code in CODES_OF_ABSENCE

    def defer(self) -> "ProblemDetail":
        """Return the problem to report while messages may be in flight."""
        return self.model_copy(update={"code": Code.NOT_YET_AVAILABLE}) if self.is_provisional else self

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


class ProvisionalProblem(ProblemDetail):
    """A problem that a message in flight may resolve, whatever its code."""

    @property
    def is_provisional(self) -> bool:
        """Always."""
        return True
