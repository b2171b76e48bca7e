"""Transactions that fail: poison records, errors of handlers, and conflicts."""

from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncEngine

from shared.messaging import inbox
from shared.messaging.transactions import PoisonRecordError, process_in_transactions
from shared.persistence.database import Transaction
from tests.integration.shared.conftest import MakeRecord
from tests.integration.shared.test_transactions import (
    REGISTRY,
    arrival_record,
    emitted_events,
    fetch_all,
    to_work_items,
)


async def test_poison_record_is_isolated(engine: AsyncEngine, record: MakeRecord) -> None:
    """The failing record is identified; records before it are processed, records after it are not."""
    batch = [arrival_record(record, "A", "1"), arrival_record(record, "A", "BOOM"), arrival_record(record, "A", "2")]
    with pytest.raises(PoisonRecordError) as caught:
        await process_in_transactions(engine, REGISTRY, to_work_items(batch), lambda: None)
    assert caught.value.item.record is batch[1]
    assert "boom" in str(caught.value)
    assert await fetch_all(engine, "SELECT serial FROM unit") == [("1",)]


async def test_transient_handler_error_has_no_effect(
    engine: AsyncEngine, record: MakeRecord, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After a transient error the batch is processed completely, each unit once."""
    (tmp_path / "once").touch()
    monkeypatch.setenv("TOY_ONCE", str(tmp_path / "once"))
    await process_in_transactions(
        engine,
        REGISTRY,
        to_work_items([arrival_record(record, "A", "1"), arrival_record(record, "A", "ONCE")]),
        lambda: None,
    )
    assert await fetch_all(engine, "SELECT serial FROM unit ORDER BY position") == [("1",), ("ONCE",)]
    assert len(await emitted_events(engine)) == 2


async def test_conflicting_transaction_is_retried(engine: AsyncEngine, record: MakeRecord) -> None:
    """A transaction with a unique violation is rolled back and retried on the current state."""
    has_conflicted = False

    async def cause_conflict(tx: Transaction) -> None:
        nonlocal has_conflicted
        if not has_conflicted:
            has_conflicted = True
            await tx.execute(text("INSERT INTO unit VALUES ('X', '1', 1), ('X', '2', 1)"))

    claim = inbox.claim

    async def claim_then_conflict(tx: Transaction, *arguments: Any) -> Any:
        claimed = await claim(tx, *arguments)
        await cause_conflict(tx)
        return claimed

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(inbox, "claim", claim_then_conflict)
        await process_in_transactions(engine, REGISTRY, to_work_items([arrival_record(record, "A", "1")]), lambda: None)
    assert has_conflicted
    assert await fetch_all(engine, "SELECT box, serial FROM unit") == [("A", "1")]
