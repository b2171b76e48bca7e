"""State machine of units."""

from itertools import product

import pytest

from services.serials.units.domain.events import publish_changes
from services.serials.units.domain.operations import DocumentRefs
from services.serials.units.domain.transitions import (
    NON_STATUS_CHANGES,
    STATUSES,
    TRANSITIONS,
    SerialChangeType,
    next_status,
)
from services.serials.units.domain.unit_of_work import SerialsUnitOfWork
from shared.contracts.commands.serials import PlaceSerialHold
from shared.contracts.envelope import Causation, Message
from shared.contracts.fulfillment import DispatchCheckRequested, OrderDispatched, PackedSerial
from shared.contracts.serials import (
    SerialAdjusted,
    SerialExpiryCorrected,
    SerialHoldPlaced,
    SerialHoldReleased,
    SerialLotCorrected,
    SerialStateChanged,
    SerialStatus,
)
from shared.unit_of_work import MessageContext
from tests.support.events import NOW
from tests.support.in_memory.service import numbered_ids

CONTEXT = MessageContext("ann", NOW, Causation(source="test", id="m0"))

LEGAL_TRANSITIONS = {
    (None, "EXPECTED", "EXPECTED"),
    ("EXPECTED", "EXPECTED", "EXPECTED"),
    ("EXPECTED", "EXPECTATION_CANCELLED", "EXPECTED"),
    (None, "RECEIVED", "RECEIVED"),
    ("EXPECTED", "RECEIVED", "RECEIVED"),
    ("RECEIVED", "PUT_AWAY", "IN_INVENTORY"),
    ("IN_INVENTORY", "ALLOCATED", "ALLOCATED"),
    ("ALLOCATED", "DEALLOCATED", "IN_INVENTORY"),
    ("ALLOCATED", "DEMAND_CANCELLED", "IN_INVENTORY"),
    ("ALLOCATED", "PICKED", "PICKED"),
    ("PICKED", "UNPICKED", "IN_INVENTORY"),
    ("PICKED", "DISPATCHED", "SHIPPED"),
    ("SHIPPED", "RETURNED", "RECEIVED"),
    (None, "SALE_REGISTERED", "SHIPPED"),
    ("RECEIVED", "RETURNED_FROM_VENDOR", "RECEIVED"),
    ("IN_INVENTORY", "RETURNED_FROM_VENDOR", "RECEIVED"),
}

EVENT_BY_NON_STATUS_CHANGE: dict[str, type[Message]] = {
    "MOVED": SerialStateChanged,
    "HOLD_PLACED": SerialHoldPlaced,
    "HOLD_RELEASED": SerialHoldReleased,
    "SCRAPPED": SerialAdjusted,
    "LOST": SerialAdjusted,
    "FOUND": SerialAdjusted,
    "VOID": SerialAdjusted,
    "RETURNED_TO_VENDOR": SerialAdjusted,
    "EXPIRY_CORRECTED": SerialExpiryCorrected,
    "LOT_CORRECTED": SerialLotCorrected,
}


def test_the_six_statuses() -> None:
    """The statuses are the six of the specification, in its order (S04)."""
    assert STATUSES == ("EXPECTED", "RECEIVED", "IN_INVENTORY", "ALLOCATED", "PICKED", "SHIPPED")


def test_transition_table_matches_the_specification() -> None:
    """The state machine has exactly the specified transitions, including Cancel and Return (S04, S11, S12)."""
    assert {
        (from_status, str(change), status) for (from_status, change), status in TRANSITIONS.items()
    } == LEGAL_TRANSITIONS


@pytest.mark.parametrize(("status", "change"), list(product([None, *STATUSES], SerialChangeType)))
def test_illegal_transitions_are_rejected(status: SerialStatus | None, change: SerialChangeType) -> None:
    """A unit changes only as the state machine allows, or keeps its status (S04)."""
    uow = SerialsUnitOfWork(NOW, numbered_ids())
    unit = uow.get_unit("A-1", "SN-1")
    unit.status = status
    is_legal = (status, change) in TRANSITIONS or status in NON_STATUS_CHANGES.get(change, ())
    operation = uow.add_operation(change, "A-1", DocumentRefs(), context=CONTEXT)
    assert uow.transition(unit, operation, "EAST/A-01") is is_legal
    assert unit.status == (next_status(status, change) if is_legal else status)
    assert [(transition.from_status, transition.status) for transition in uow.changes.transitions] == (
        [(status, unit.status)] if is_legal else []
    )
    assert unit.version == len(uow.changes.transitions)


@pytest.mark.parametrize(("change", "statuses"), NON_STATUS_CHANGES.items())
def test_changes_that_keep_the_status_are_published(
    change: SerialChangeType, statuses: frozenset[SerialStatus]
) -> None:
    """Each change that keeps the status is published as the event listed for it (S04)."""
    uow = SerialsUnitOfWork(NOW, numbered_ids())
    unit = uow.get_unit("A-1", "SN-1")
    unit.status = min(statuses)
    operation = uow.add_operation(change, "A-1", DocumentRefs(hold_id="H-1"), context=CONTEXT)
    assert uow.transition(unit, operation, "EAST/A-01")
    publish_changes(uow, uow.pop_changes())
    assert [type(event) for event in uow.emitted] == [EVENT_BY_NON_STATUS_CHANGE[change]]


def test_documents_of_an_operation() -> None:
    """An operation refers to the documents of its message and to its own hold; empty texts are unknown (S22)."""
    message = OrderDispatched(
        order="SO-1", orders=["SO-1"], shipment="SH-1", check_id="C-1", customer="ACME", customer_name="Acme", units=[]
    )
    documents = DocumentRefs(order_id="SO-1", shipment="SH-1", customer="ACME", customer_name="Acme")
    assert DocumentRefs.from_message(message) == documents
    held = PlaceSerialHold(sku="A-1", serials=["SN-1"], hold_id="H-1", reason="damaged")
    assert DocumentRefs.from_message(held) == DocumentRefs()
    assert DocumentRefs.from_message(held, "H-2") == DocumentRefs(hold_id="H-2")
    assert documents.to_fields(PackedSerial) == {"line": None}
    assert documents.to_fields(DispatchCheckRequested) == {"order": "SO-1", "shipment": "SH-1", "customer": "ACME"}


def test_changes_leading_to_inventory() -> None:
    """Only putaway, deallocation, cancellation and unpick lead to IN_INVENTORY (S07, S11, S12)."""
    changes = {str(change) for (_, change), status in TRANSITIONS.items() if status == "IN_INVENTORY"}
    assert changes == {"PUT_AWAY", "DEALLOCATED", "DEMAND_CANCELLED", "UNPICKED"}


def test_received_unit_cannot_be_allocated() -> None:
    """A unit in staging cannot be allocated before its putaway (S06)."""
    assert next_status("RECEIVED", SerialChangeType.ALLOCATED) is None
