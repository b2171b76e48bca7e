"""What the driver is told of arrays holds for every kind that statements are given."""

from collections.abc import Collection
from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from shared.database import reading


@pytest.mark.parametrize(
    ("kind", "sent"),
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
async def test_arrays_arrive_as_they_were_sent(engine: AsyncEngine, kind: str, sent: Collection[object]) -> None:
    """Lists, tuples and sets, of values and NULLs, come back element by element."""
    question = text(f"SELECT CAST(it AS text) FROM unnest(CAST(:sent AS {kind}[])) AS it")  # noqa: S608
    values = text(f"SELECT CAST(CAST(:value AS {kind}) AS text)")
    async with reading(engine) as tx:
        found = [value for (value,) in await tx.rows(question, {"sent": sent})]
        alone = [(await tx.rows(values, {"value": value}))[0][0] for value in sent]
    assert found == alone
