"""Table of dispatch approvals; expired ones of a product are deleted with its next approval."""

from collections.abc import Collection
from typing import Any

from sqlalchemy import text

from shared.inventory.approval import DispatchApproval
from shared.inventory.backorders import BackorderUnitOfWork
from shared.persistence.database import Transaction
from shared.persistence.record_table import RecordTable

APPROVALS = RecordTable("dispatch_approval", DispatchApproval, "sku", types={"numbers": "text[]"})
# ruff: noqa: S608 - column lists of the table
INSERT_APPROVALS = text(f"""
    WITH expired AS (
        DELETE FROM dispatch_approval WHERE sku = ANY(CAST(:sku AS text[])) AND valid_until < CAST(:now AS timestamptz)
    ) {APPROVALS.insert().text}
""")
SELECT_APPROVALS = text(f"""
    SELECT {APPROVALS.columns()} FROM dispatch_approval
    WHERE sku = ANY(CAST(:skus AS text[])) AND valid_until > CAST(:now AS timestamptz)
""")


async def load_approvals(tx: Transaction, uow: BackorderUnitOfWork[Any], skus: Collection[str]) -> None:
    """Load the approvals of products that are not expired."""
    rows = await tx.fetch_all(SELECT_APPROVALS, {"skus": sorted(skus), "now": tx.now})
    uow.approvals += APPROVALS.load(rows)


async def save_approvals(tx: Transaction, uow: BackorderUnitOfWork[Any]) -> None:
    """Save new approvals."""
    if uow.new_approvals:
        parameters = APPROVALS.parameters(uow.new_approvals, APPROVALS.inserted)
        await tx.execute(INSERT_APPROVALS, parameters | {"now": tx.now})
        uow.new_approvals.clear()
