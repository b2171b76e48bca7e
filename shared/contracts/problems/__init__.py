"""Every reason to say no: its code, HTTP status, title and what would help. Codes never change their meaning."""

from typing import Any

from shared.contracts.model import KnownFieldsModel
from shared.contracts.problems.codes import Code
from shared.contracts.problems.kinds import KINDS, Kind

__all__ = ["KINDS", "Code", "Kind", "Refusal"]


class Refusal(KnownFieldsModel):
    """One no: what is wrong, with which ids, what blocks (addresses of documents)."""

    code: Code
    detail: str
    ids: list[str] = []
    blocked_by: list[str] = []
    suggested: list[str] = []
    """What could be named instead."""

    @property
    def kind(self) -> Kind:
        """Status, title and remedy of its code."""
        return KINDS[self.code]

    def problem(self, **more: Any) -> dict[str, Any]:
        """As an RFC 9457 body."""
        kind = self.kind
        return {
            "type": f"urn:tracelot:problem:{self.code}",
            "title": kind.title,
            "status": kind.status,
            "detail": self.detail,
            "code": self.code,
            "help": kind.help,
            **({"ids": self.ids} if self.ids else {}),
            **({"blocked_by": self.blocked_by} if self.blocked_by else {}),
            **({"suggested": self.suggested} if self.suggested else {}),
            **more,
        }
