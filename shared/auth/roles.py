"""Roles: viewer < operator < supervisor < admin, and integrator beside them."""

from collections.abc import Iterable
from enum import StrEnum


class Role(StrEnum):
    """What a person, device or system may do; each includes the ones before it, except the integrator."""

    VIEWER = "viewer"
    OPERATOR = "operator"
    SUPERVISOR = "supervisor"
    ADMIN = "admin"
    INTEGRATOR = "integrator"
    """Sends the messages of upstream systems, and nothing else."""


RANKS = (Role.VIEWER, Role.OPERATOR, Role.SUPERVISOR, Role.ADMIN)
"""The roles of people, each with the rights of those before it."""


def expand_roles(roles: Iterable[Role]) -> frozenset[Role]:
    """Return the roles with those that they include."""
    held = frozenset(roles)
    highest = max((RANKS.index(role) for role in held if role in RANKS), default=-1)
    return held | frozenset(RANKS[: highest + 1])


def parse_roles(names: Iterable[object]) -> frozenset[Role]:
    """Return the known roles of a list; other names belong to other applications."""
    known = {role.value: role for role in Role}
    return frozenset(known[name] for name in names if isinstance(name, str) and name in known)
