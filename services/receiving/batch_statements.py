"""Helpers for set-based statements."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import TextClause

from shared.persistence.database import Transaction
from shared.persistence.errors import ConcurrentUpdateError


def as_arrays(rows: Iterable[Sequence[Any]], names: Sequence[str]) -> dict[str, list[Any]]:
    """Convert rows to one array per column, the parameters of `unnest`."""
    columns = list(zip(*rows, strict=True)) or [()] * len(names)
    return {name: list(values) for name, values in zip(names, columns, strict=True)}


async def execute_exactly(tx: Transaction, statement: TextClause, parameters: Mapping[str, Any], count: int) -> None:
    """Execute a statement that must affect `count` rows; otherwise raise ConcurrentUpdateError."""
    if await tx.execute(statement, parameters) != count:
        raise ConcurrentUpdateError
