"""Who sends a request: the content of a verified token."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field

from shared.auth.roles import Role, expand_roles
from shared.identifiers import MAX_SUBJECT_LENGTH, name_approver, subject_of

SUBJECT = re.compile(r"[!-~]([ -~]*[!-~])?")


@dataclass(frozen=True, slots=True)
class Identity:
    """A person, device or system, with the roles that a token grants to it."""

    subject: str
    roles: frozenset[Role]
    token_id: str
    expires_at: float
    """Seconds since 1970, as in tokens."""
    not_before: float = 0.0
    approved_by: str = ""
    """The supervisor who approved one command of the subject with badge and PIN."""
    command: str = ""
    """The only command for which the token is valid: its type and idempotency key, or message id on Kafka."""
    actor: str = field(init=False)
    """What the audit names: the subject, and who approved the command."""

    def __post_init__(self) -> None:
        """Complete the roles with those that they include."""
        object.__setattr__(self, "roles", expand_roles(self.roles))
        object.__setattr__(self, "actor", name_approver(self.subject, self.approved_by))

    def has_role(self, role: Role) -> bool:
        """Return whether the token grants a role, itself or by a higher one."""
        return role in self.roles


def is_subject(name: object) -> bool:
    """Return whether a name may act: printable ASCII, so that it fits the columns and headers of all systems."""
    return (
        isinstance(name, str)
        and len(name) <= MAX_SUBJECT_LENGTH
        and SUBJECT.fullmatch(name) is not None
        and subject_of(name) == name
    )


def describe_roles(roles: Iterable[Role]) -> str:
    """Return the names of roles in a fixed order, for a message to people."""
    return ", ".join(role.value for role in Role if role in frozenset(roles)) or "none"
