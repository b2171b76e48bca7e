"""One unit of work per transaction: several handlers of an event, policies before commit, bodies of results."""

from dataclasses import replace

from sqlalchemy.ext.asyncio import AsyncEngine

from shared.contracts.envelope import Message
from shared.messaging.dispatcher import dispatch
from shared.messaging.handlers import CommandHandler, EventHandler, Policy
from shared.messaging.registry import HandlerRegistry
from shared.persistence.database import Transaction, transaction
from shared.unit_of_work import CommandResult
from tests.support.events import to_event
from tests.support.toy.app import Filled, ToyUnitOfWork, add, load_units, on_arrived, save
from tests.support.toy.messages import Add, Added, Arrived


def lock_keys(data: Add | Arrived) -> tuple[str]:
    """Lock the box."""
    return (f"box:{data.box}",)


def add_label(uow: ToyUnitOfWork, event: Arrived) -> None:
    """Add a label to a box in which units arrived."""
    uow.add(event.box, ["label"])


def add_later(uow: ToyUnitOfWork, command: Add) -> CommandResult:
    """Add units; the body counts the units at the time of the commit."""
    result = add(uow, command)
    return result if result.is_rejected else CommandResult(
        build_body=lambda: Filled(box=command.box, units=len(uow.units_by_box[command.box]))
    )  # fmt: skip


def seal(uow: ToyUnitOfWork) -> None:
    """Seal each box that has new units, once."""
    for box in sorted({message.box for message in uow.emitted if isinstance(message, Added)}):
        if (box, "seal") not in uow.units:
            uow.add(box, ["seal"])


async def count_policy_loads(tx: Transaction, uow: ToyUnitOfWork) -> None:
    """Check that the policy starts after all handlers."""
    assert {unit.serial for unit in uow.units} == {"1", "2", "label"}
    assert tx.statement_count


REGISTRY = HandlerRegistry(
    "toy",
    (
        CommandHandler(
            Add, add_later, lock_keys, "/boxes/{box}/units", Filled, "addUnits", "Add units", load=load_units
        ),
        EventHandler(Arrived, on_arrived, lock_keys, load=load_units),
        EventHandler(Arrived, add_label, lock_keys, load=load_units),
    ),
    ToyUnitOfWork,
    save=save,
    policies=(Policy(seal, count_policy_loads),),
)


async def test_handlers_and_policies_share_one_unit_of_work(engine: AsyncEngine) -> None:
    """Both handlers of an event run in order, then the policy once; each row is inserted once."""
    events = [to_event(message) for message in (Arrived(box="A", serials=["1"]), Add(box="A", serials=["2"]))]
    async with transaction(engine) as tx:
        results = await dispatch(tx, REGISTRY, events)
        assert tx.statement_count == 6, "locks (2), load, insert of the batch, insert of the policy, outbox"
    assert results[events[1].cause].body == Filled(box="A", units=4)
    async with transaction(engine) as tx:
        uow = ToyUnitOfWork(tx.now, iter(()))
        await load_units(tx, uow, events)
        assert [(unit.serial, unit.position) for unit in uow.units] == [("1", 1), ("label", 2), ("2", 3), ("seal", 4)]


async def test_changes_of_a_single_batch_are_saved_with_those_of_the_policy(engine: AsyncEngine) -> None:
    """Without a policy that reads saved changes, one statement inserts the rows of handlers and policy."""
    registry = replace(REGISTRY, policies=(Policy(seal, reads_saved_changes=False),))
    async with transaction(engine) as tx:
        await dispatch(tx, registry, [to_event(Arrived(box="A", serials=["1"]))])
        assert tx.statement_count == 5, "locks (2), load, insert, outbox"


async def test_events_of_a_command_are_those_of_its_handler(engine: AsyncEngine) -> None:
    """The result of a command lists what its own handler emitted, not the events of other messages or policies."""
    events = [to_event(Add(box="A", serials=[serial])) for serial in ("1", "2")]
    async with transaction(engine) as tx:
        results = await dispatch(tx, replace(REGISTRY, policies=()), events)
    emitted: list[list[Message]] = [list(results[event.cause].events) for event in events]
    assert [[message.serials for message in messages if isinstance(message, Added)] for messages in emitted] == [
        [["1"]],
        [["2"]],
    ]
