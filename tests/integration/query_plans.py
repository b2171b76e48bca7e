"""Query plans of statements, with the numbers of rows that were read."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import text

from shared.persistence.database import Transaction


async def explain(
    tx: Transaction, statement: str, values: Mapping[str, Any], *, of_rows: bool = True
) -> list[dict[str, Any]]:
    """Run a statement and return all nodes of its plan, or only those that are not run for each row."""
    ((plan,),) = await tx.fetch_all(text(f"EXPLAIN (ANALYZE, FORMAT JSON) {statement}"), values)
    return _nodes(plan[0]["Plan"], of_rows=of_rows)


def _nodes(plan: dict[str, Any], *, of_rows: bool) -> list[dict[str, Any]]:
    subplans = (subplan for subplan in plan.get("Plans", ()) if of_rows or subplan["Parent Relationship"] != "SubPlan")
    return [plan, *(node for subplan in subplans for node in _nodes(subplan, of_rows=of_rows))]
