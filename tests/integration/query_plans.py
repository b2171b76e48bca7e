"""Query plans of statements, with the numbers of rows that were read."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import text

from shared.persistence.database import Transaction


async def explain(tx: Transaction, statement: str, values: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Run a statement and return all nodes of its plan."""
    ((plan,),) = await tx.fetch_all(text(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}"), values)
    return _nodes(plan[0]["Plan"])


def _nodes(plan: dict[str, Any]) -> list[dict[str, Any]]:
    return [plan, *(node for subplan in plan.get("Plans", ()) for node in _nodes(subplan))]
