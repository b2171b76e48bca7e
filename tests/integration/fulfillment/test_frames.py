"""The call stack of a pick, from the Kafka batch to the rule that marks the unit."""

import traceback
from pathlib import Path
from typing import Any

import pytest

from services.fulfillment.app import app
from services.fulfillment.orders.domain import AllocatedUnit
from shared.messaging.transactions import process_in_transactions
from shared.messaging.work import WorkItem
from tests.integration.fulfillment.harness import FulfillmentHarness
from tests.support.events import to_event
from tests.support.records import build_record

ROOT = Path(__file__).parents[3]
OWN_FOLDERS = tuple(f"{ROOT / folder}/" for folder in ("services", "shared"))


async def test_pick_has_a_short_call_stack(harness: FulfillmentHarness, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing but the transaction, the dispatcher and two functions of the rule stands on the stack."""
    await harness.allocate_order("SO-1", "S1")
    stacks: list[list[str]] = []

    def set_attribute(unit: AllocatedUnit, name: str, value: Any) -> None:
        if value == "PICKED":
            frames = [frame for frame in traceback.extract_stack() if frame.filename.startswith(OWN_FOLDERS)]
            stacks.append([frame.name for frame in frames])
        object.__setattr__(unit, name, value)

    monkeypatch.setattr(AllocatedUnit, "__setattr__", set_attribute)
    event = to_event(harness.pick_command("SO-1", "S1"))
    await process_in_transactions(
        harness.engine, app.state.registry, [WorkItem(build_record(b""), event)], lambda: None
    )
    assert stacks == [
        [
            "process_in_transactions", "retry_on_conflict", "_run_transaction", "dispatch", "handle_messages",
            "pick_items", "_move_to_staging",
        ]
    ]  # fmt: skip
