"""The handlers with their bounded loads decide the same as the in-memory rules."""

from datetime import timedelta
from decimal import Decimal
from operator import attrgetter, itemgetter
from typing import Any
from uuid import uuid4

from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy.ext.asyncio import AsyncEngine

from services.lots.balances import store
from services.lots.balances.domain.records import DemandRef
from services.lots.balances.domain.unit_of_work import LotsUnitOfWork
from shared.contracts.commands.lots import CountLot, PutAwayLot
from shared.contracts.envelope import CloudEvent, Message
from shared.contracts.lots import LotRejected
from shared.inventory.scan_meanings import KnownName
from shared.persistence.database import Transaction, transaction
from shared.unit_of_work import MessageContext
from tests.integration.lots.conftest import LotsHarness
from tests.integration.lots.test_receipts import assert_reconciled
from tests.support.events import to_event
from tests.support.in_memory.lots import InMemoryLots
from tests.support.messages.lot_orders import OrderMessages
from tests.support.messages.lots import (
    BIN,
    DOCK,
    EARLY_EXPIRY,
    LATE_EXPIRY,
    OUTBOUND,
    RACK,
    SHELF,
    STAGE,
    ProductMessages,
)
from tests.support.messages.reference import product_changed

BALANCE_FIELDS = ("lot", "location", "version", "on_hand", "allocated", "missing", "picked")
CONTEXT = MessageContext.from_event(to_event(ProductMessages().count("B-1", 0)))

PlayedStep = tuple[str, str, Decimal, str, str, int]
steps = st.tuples(
    st.sampled_from(
        ["receive", "receive on hold", "receive later expiry", "receive in storage", "put away", "put away", "put away",
         "move", "scrap", "find", "count", "place hold", "place location hold", "release hold", "correct", "return",
         "restock", "scrap returned", "allocate", "allocate", "short pick", "short pick rest", "pick", "pick", "ship",
         "unpick", "lose", "lose picked", "count picked", "correct number", "correct all numbers", "correct shipped",
         "put away scan", "count scans"]
    ),
    st.sampled_from(["B-1", "B-2"]), st.sampled_from(["0.5", "1", "2", "5"]).map(Decimal),
    st.sampled_from([DOCK, STAGE]), st.sampled_from([SHELF, BIN, RACK]), st.integers(1, 3),
)  # fmt: skip


def box_of(sku: str) -> str:
    """The barcode of a box of two."""
    return f"BOX-{sku}"


def message_of_step(messages: OrderMessages, step: PlayedStep) -> Message:
    """The message of a step, valid or not."""
    action, lot, quantity, staging, storage, number = step
    allocated_lot = messages.lot_at_location(lot, quantity, storage)
    factories: dict[str, Any] = {
        "receive": lambda: messages.receive(messages.received_lot(lot, quantity), location=staging),
        "receive on hold": lambda: messages.receive(
            messages.received_lot(lot, quantity, hold_id=f"HS-{number}"), location=staging
        ),
        "receive later expiry": lambda: messages.receive(
            messages.received_lot(lot, quantity, LATE_EXPIRY), location=staging
        ),
        "receive in storage": lambda: messages.receive(messages.received_lot(lot, quantity), location=storage),
        "put away": lambda: messages.put_away(lot, quantity, storage, staging),
        "move": lambda: messages.move(lot, quantity, RACK, storage),
        "scrap": lambda: messages.adjust(lot, quantity, "SCRAPPED", storage),
        "lose": lambda: messages.adjust(lot, quantity, "LOST", storage),
        "find": lambda: messages.adjust(lot, quantity, "FOUND", storage),
        "count": lambda: messages.count(lot, quantity, storage),
        "put away scan": lambda: PutAwayLot(
            sku=messages.sku, scans=[f"]d210{lot}"], quantity=quantity, from_location=staging, location=storage
        ),
        "count scans": lambda: CountLot(
            sku=messages.sku, lot=lot, scans=[box_of(messages.sku)] * number, location=storage, reason="stocktaking"
        ),
        "place hold": lambda: messages.place_hold(lot, f"H-{number}"),
        "place location hold": lambda: messages.place_hold(lot, f"H-{number}", storage),
        "release hold": lambda: messages.release_hold(f"H-{number}"),
        "correct": lambda: messages.correct_dates(lot, EARLY_EXPIRY if number == 1 else LATE_EXPIRY),
        "correct number": lambda: messages.correct_number(lot, f"B-{number}9", storage, quantity),
        "correct all numbers": lambda: messages.correct_number(f"B-{number}9", lot),
        "correct shipped": lambda: messages.correct_number(lot, f"B-{number}9", shipment=f"SH-{number}"),
        "return": lambda: messages.return_from_customer(lot, quantity, f"RMA-{number}", staging),
        "restock": lambda: messages.dispose_return(lot, quantity, "RESTOCK", f"RMA-{number}", staging),
        "short pick": lambda: messages.deallocate(number, allocated_lot, variance_id=f"V-{uuid4()}"),
        "short pick rest": lambda: messages.deallocate(
            number, allocated_lot, variance_id=f"V-{uuid4()}", remaining=Decimal(number)
        ),
        "pick": lambda: messages.pick(number, allocated_lot),
        "ship": lambda: messages.dispatch(number, {lot: quantity}),
        "unpick": lambda: messages.unpick(number, lot, quantity, storage),
        "lose picked": lambda: messages.unpick(number, lot, quantity, OUTBOUND, lost=True),
        "count picked": lambda: messages.count(lot, quantity, OUTBOUND),
        "scrap returned": lambda: messages.dispose_return(lot, quantity, "SCRAP", f"RMA-{number}", staging),
    }
    payload: Message = factories[action]()
    return payload


async def allocate(harness: LotsHarness, service: InMemoryLots, step: PlayedStep) -> None:
    """Allocate available stock to a demand in the database and in memory."""
    _, lot, quantity, _, storage, number = step
    key, messages = (harness.sku, lot, storage), OrderMessages(harness.sku)
    demand_ref = DemandRef(messages.demand_id(number), messages.order_id(number), "1")
    balance = service.uow.balances.get(key)
    if balance and balance.unallocated >= quantity and not service.uow.is_held(balance):
        async with transaction(harness.engine) as tx:
            uow = LotsUnitOfWork(tx.now, iter(()))
            await store.load_balances(tx, uow, [key], [])
            await store.load_commitments(tx, uow, [key[:2]])
            uow.allocate(uow.balances[key], demand_ref, quantity, CONTEXT)
            await store.save(tx, uow)
        service.allocate(key, demand_ref, quantity)


def normalise_payload(payload: Message) -> dict[str, Any]:
    """The comparable data of a payload, with sorted stock."""
    data = payload.model_dump(mode="json", exclude_none=True)
    return {name: value for name, value in data.items() if name not in {"actor", "cause", "stock"}} | {
        "stock": sorted(str(sorted(lot.items())) for lot in data.get("stock", ()))
    }


def normalise_data(data: dict[str, Any]) -> dict[str, Any]:
    """The comparable data of a published event, with sorted stock."""
    return {name: value for name, value in data.items() if name not in {"actor", "cause", "stock"}} | {
        "stock": sorted(str(sorted(lot.items())) for lot in data.get("stock", ()))
    }


@settings(max_examples=12, deadline=None, phases=[Phase.generate], suppress_health_check=list(HealthCheck))
@given(played_batches=st.lists(st.lists(steps, min_size=1, max_size=4), min_size=10, max_size=20))
async def test_database_and_in_memory_rules_agree(engine: AsyncEngine, played_batches: list[list[PlayedStep]]) -> None:
    """For any transactions, database and rules agree on balances, holds, events and rejections (S22, S30)."""
    harness = LotsHarness(engine)
    service, messages = InMemoryLots(tracking={harness.sku: "LOT"}), OrderMessages(harness.sku)
    await harness.handle(product_changed(harness.sku, "LOT", barcodes=[{"code": box_of(harness.sku), "quantity": 2}]))
    service.barcodes = [KnownName("BARCODE", box_of(harness.sku), harness.sku, 2)]
    for batch in played_batches:
        for step in batch:
            if step[0] == "allocate":
                await allocate(harness, service, step)
        # Messages of the numbers 1 and 2 arrive late.
        service.now = Transaction.clock()
        played: list[CloudEvent[Any]] = [
            to_event(message_of_step(messages, step), time=service.now - timedelta(minutes=3 - step[-1]))
            for step in batch
            if step[0] != "allocate"
        ]
        count = len(service.published)
        expected = service.handle_events(played)
        published = [message for message in service.published[count:] if not isinstance(message, LotRejected)]
        conflicts = [message for message in service.published[count:] if isinstance(message, LotRejected)]
        result = await harness.handle_events(played)
        events = [event for event in result.events if event["type"] != "lot.rejected.v1"]
        assert [(event["type"], normalise_data(event["data"])) for event in events] == [
            (message.TYPE, normalise_payload(message)) for message in published
        ]
        for actual_violation, violation in zip(
            (problem for command_result in result.results for problem in command_result.violations),
            (problem for command_result in expected for problem in command_result.violations),
            strict=True,
        ):
            assert actual_violation.code == violation.code
            assert actual_violation.detail.startswith(violation.detail)
            assert actual_violation.blocked_by == violation.blocked_by
        conflict_events = [event for event in result.data_of("lot.rejected.v1") if event["kind"] == "EVENT_CONFLICT"]
        assert [conflict["detail"] for conflict in conflict_events] == [conflict.detail for conflict in conflicts]
    rows = await harness.fetch_all("SELECT * FROM balance WHERE sku = :sku AND version > 0", sku=harness.sku)
    assert {itemgetter(*BALANCE_FIELDS)(row) for row in rows} == {
        attrgetter(*BALANCE_FIELDS)(balance) for balance in service.uow.balances if balance.version
    }
    rows = await harness.fetch_all("SELECT * FROM variance WHERE sku = :sku", sku=harness.sku)
    assert {row["variance_id"]: (row["quantity"], row["missing"], row["settlement"]) for row in rows} == {
        variance.variance_id: (variance.quantity, variance.missing, variance.settlement)
        for variance in service.uow.variances
    }
    rows = await harness.fetch_all(
        "SELECT hold_id, lot, location, pending_quantity FROM hold WHERE sku = :sku AND released_at IS NULL",
        sku=harness.sku,
    )
    assert {tuple(row.values()) for row in rows} == {
        (hold.hold_id, hold.lot, hold.location, hold.pending_quantity) for hold in service.open_holds()
    }
    counts = await harness.fetch_all(
        "SELECT location, lot, counted, variance, status FROM stock_count WHERE sku = :sku ORDER BY id", sku=harness.sku
    )
    assert [tuple(row.values()) for row in counts] == [
        (count.location, count.lot, count.counted, count.variance, count.status) for count in service.counts
    ]
    assert len(await assert_reconciled(harness)) == len({(entry.lot, entry.warehouse) for entry in service.ledger})
