"""Array parameters of all types and containers that statements use."""

from collections.abc import Collection
from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from shared.persistence.database import read_only


@pytest.mark.parametrize(
    ("sql_type", "values"),
    [
        ("text", ["a", None, "", '{"}']),
        ("text", ("b", "c")),
        ("text", {"only"}),
        ("text", frozenset({"one"})),
        ("bigint", [1, None, -(2**62)]),
        ("numeric", [Decimal("1.50")]),
        ("boolean", [True, None]),
        ("timestamptz", [datetime(2026, 3, 1, tzinfo=UTC)]),
        ("uuid", [UUID(int=7)]),
        ("bytea", [b"\0\xff", None]),
        ("jsonb", ['{"a": [1]}', None]),
        ("text", []),
    ],
)
async def test_array_parameters_round_trip(engine: AsyncEngine, sql_type: str, values: Collection[object]) -> None:
    """Lists, tuples and sets with values and NULLs are passed element by element."""
    select_array = text(f"SELECT CAST(element AS text) FROM unnest(CAST(:values AS {sql_type}[])) AS element")  # noqa: S608
    select_single = text(f"SELECT CAST(CAST(:value AS {sql_type}) AS text)")
    async with read_only(engine) as tx:
        elements = [element for (element,) in await tx.fetch_all(select_array, {"values": values})]
        single_values = [(await tx.fetch_all(select_single, {"value": value}))[0][0] for value in values]
    assert elements == single_values
