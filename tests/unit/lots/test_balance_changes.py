"""Changed balances are published with version and quantities, once per transaction."""

from decimal import Decimal

import pytest

from shared.contracts.envelope import MAX_ITEMS_PER_MESSAGE
from shared.contracts.lot_balances import LotBalancesChanged
from shared.contracts.lots import LotAllocated
from tests.support.events import to_event
from tests.support.in_memory.lots import InMemoryLots
from tests.support.messages.lot_orders import OrderMessages
from tests.support.messages.lots import DOCK, OUTBOUND, SHELF

MESSAGES = OrderMessages("A-1")
State = tuple[str, int, int, int, int, int]


@pytest.fixture
def service() -> InMemoryLots:
    """Ten pieces of B-1, put away at SHELF."""
    service = InMemoryLots()
    service.handle(MESSAGES.receive(MESSAGES.received_lot("B-1", 10)))
    service.handle(MESSAGES.put_away("B-1", 10))
    return service


def states_of(event: LotBalancesChanged) -> list[State]:
    """Location, version and quantities on hand, allocated, missing and picked of the balances in an event."""
    return [
        (
            state.location,
            state.version,
            int(state.on_hand),
            int(state.allocated),
            int(state.missing),
            int(state.picked),
        )
        for state in event.balances
    ]


def test_each_step_states_the_resulting_quantities(service: InMemoryLots) -> None:
    """From receipt to dispatch, each balance has its versions and its stock, picked stock at its staging location."""
    service.handle(MESSAGES.request_allocation(1, 4))
    service.handle(MESSAGES.pick(1, MESSAGES.lot_at_location("B-1", 3)))
    service.handle(MESSAGES.deallocate(1, MESSAGES.lot_at_location("B-1", 1), variance_id="V-1"))
    service.handle(MESSAGES.dispatch(1, {"B-1": Decimal(3)}))
    assert [states_of(event) for event in service.events_of(LotBalancesChanged)] == [
        [(DOCK, 1, 10, 0, 0, 0)],
        [(DOCK, 2, 0, 0, 0, 0), (SHELF, 1, 10, 0, 0, 0)],
        [(SHELF, 2, 10, 4, 0, 0)],
        [(SHELF, 3, 7, 1, 0, 0), (OUTBOUND, 1, 0, 0, 0, 3)],
        [(SHELF, 4, 7, 0, 1, 0)],
        [(OUTBOUND, 2, 0, 0, 0, 0)],
    ]


def test_changes_of_one_transaction_share_a_version(service: InMemoryLots) -> None:
    """The last message that changed a balance caused its version; other messages have events of their own."""
    count = len(service.published)
    events = [
        to_event(message, time=service.now)
        for message in (
            MESSAGES.receive(MESSAGES.received_lot("B-2", 1)),
            MESSAGES.receive(MESSAGES.received_lot("B-3", 1)),
            MESSAGES.receive(MESSAGES.received_lot("B-2", 2)),
            MESSAGES.request_allocation(1, 2),
        )
    ]
    service.handle_events(events)
    published = [event for event in service.published[count:] if isinstance(event, LotBalancesChanged)]
    assert {
        event.cause: [(state.lot, *states_of(event)[0][1:3]) for state in event.balances] for event in published
    } == {
        events[2].cause: [("B-2", 1, 3)],
        events[1].cause: [("B-3", 1, 1)],
        events[3].cause: [("B-1", 2, 10)],
    }
    [allocated] = service.events_of(LotAllocated)
    assert allocated.cause == events[3].cause


def test_rejected_commands_publish_nothing(service: InMemoryLots) -> None:
    """A rejected command has no version."""
    count = len(service.events_of(LotBalancesChanged))
    assert service.rejection_codes(MESSAGES.adjust("B-1", 11, "LOST")) == ["insufficient_stock"]
    assert len(service.events_of(LotBalancesChanged)) == count


def test_holds_are_part_of_the_state(service: InMemoryLots) -> None:
    """A hold on a lot or at one location counts where stock stands, picked or not, until its release."""
    service.handle(MESSAGES.request_allocation(1, 4))
    service.handle(MESSAGES.pick(1, MESSAGES.lot_at_location("B-1", 3)))
    count = len(service.events_of(LotBalancesChanged))
    service.handle(MESSAGES.place_hold("B-1", "H-1"))
    service.handle(MESSAGES.place_hold("B-1", "H-2", SHELF))
    service.handle(MESSAGES.receive(MESSAGES.received_lot("B-1", 1)))
    service.handle(MESSAGES.release_hold("H-1"))
    states = [
        {state.location: (state.version, state.open_holds) for state in event.balances}
        for event in service.events_of(LotBalancesChanged)[count:]
    ]
    assert states == [
        {SHELF: (4, 1), OUTBOUND: (2, 1)},
        {SHELF: (5, 2)},
        {DOCK: (3, 1)},
        {SHELF: (6, 1), OUTBOUND: (3, 0), DOCK: (4, 0)},
    ]


def test_many_balances_have_several_messages() -> None:
    """More balances than fit one message, changed by one cause, are all stated."""
    service = InMemoryLots()
    lots = [MESSAGES.received_lot(f"B-{number}", 1) for number in range(MAX_ITEMS_PER_MESSAGE)]
    service.handle(MESSAGES.receive(*lots), MESSAGES.receive(MESSAGES.received_lot("B-X", 1)))
    for balance in service.uow.balances:
        service.uow.mark_changed(balance)
    service.handle()
    assert [len(event.balances) for event in service.events_of(LotBalancesChanged)] == [500, 1, 500, 1]
