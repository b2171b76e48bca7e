"""Rows of values, turned for set-based statements."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sqlalchemy import TextClause

from shared.database import LostRaceError, Transaction


def columns(rows: Iterable[Sequence[Any]], names: Sequence[str]) -> dict[str, list[Any]]:
    """One array a column, as `unnest` takes them."""
    turned = list(zip(*rows, strict=True)) or [()] * len(names)
    return {name: list(column) for name, column in zip(names, turned, strict=True)}


async def all_of(tx: Transaction, statement: TextClause, values: Mapping[str, Any], count: int) -> None:
    """Run a statement that has to touch every one of its rows; where one has changed meanwhile, the race is lost."""
    if await tx.run(statement, values) != count:
        raise LostRaceError
