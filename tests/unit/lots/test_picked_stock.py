"""Picked stock keeps the location where it stands."""

from decimal import Decimal

import pytest

from services.lots.balances.domain.records import DemandRef
from shared.contracts.lot_balances import LotAdjusted
from shared.contracts.lots import LotDispatchApproved, LotUnpicked
from shared.contracts.quantities import PackedLot, ScannedPickedLot
from tests.support.in_memory.lots import InMemoryLots
from tests.support.messages.lot_orders import OrderMessages
from tests.support.messages.lots import OUTBOUND, SHELF, STAGE

MESSAGES = OrderMessages("A-1")


@pytest.fixture
def service() -> InMemoryLots:
    """Order 1 with 2 of B-1 picked to OUTBOUND and 3 to STAGE."""
    service = InMemoryLots()
    service.handle(MESSAGES.receive(MESSAGES.received_lot("B-1", 10)), MESSAGES.put_away("B-1", 10))
    service.allocate(("A-1", "B-1", SHELF), DemandRef(MESSAGES.demand_id(1), MESSAGES.order_id(1), "1"), Decimal(5))
    service.handle(
        MESSAGES.pick(1, MESSAGES.lot_at_location("B-1", 2)),
        MESSAGES.pick(1, MESSAGES.lot_at_location("B-1", 3)).model_copy(update={"location": STAGE}),
    )
    return service


def picked(service: InMemoryLots) -> dict[str, int]:
    """The picked quantities by location."""
    return {row.location: int(row.quantity) for row in service.uow.picked if row.quantity}


def test_picks_keep_their_location(service: InMemoryLots) -> None:
    """Picks of one demand to two locations are two quantities; the ledger names both (S09, S22)."""
    assert picked(service) == {OUTBOUND: 2, STAGE: 3}
    assert [(entry.location, entry.picked_location, int(entry.picked)) for entry in service.ledger[-2:]] == [
        (SHELF, OUTBOUND, 2),
        (SHELF, STAGE, 3),
    ]


def test_the_ledger_keeps_the_scans_of_picks(service: InMemoryLots) -> None:
    """S22, S23: of a pick and of an unpick as the scanner sent them; nothing if the lot was typed."""
    lot = ScannedPickedLot(lot="B-1", quantity=Decimal(2), location=OUTBOUND, scan="]C110B-1")
    service.handle(MESSAGES.unpick(1, "B-1", 2, SHELF, lots=[lot]))
    service.allocate(("A-1", "B-1", SHELF), DemandRef(MESSAGES.demand_id(2), MESSAGES.order_id(2), "1"), Decimal(1))
    service.handle(MESSAGES.pick(2, MESSAGES.lot_at_location("B-1", 1), scan="(10)B-1\n10B-1"))
    assert [entry.scan for entry in service.ledger[-4:]] == [None, None, "]C110B-1", "(10)B-1\n10B-1"]


def test_an_unpick_names_the_location_it_leaves(service: InMemoryLots) -> None:
    """Without a location, the quantity leaves any; more than stands there is a conflict (S12)."""
    service.handle(
        MESSAGES.unpick(1, "B-1", 1, SHELF, lots=[ScannedPickedLot(lot="B-1", quantity=Decimal(1), location=STAGE)])
    )
    assert picked(service) == {OUTBOUND: 2, STAGE: 2}
    service.handle(
        MESSAGES.unpick(1, "B-1", 3, SHELF, lots=[ScannedPickedLot(lot="B-1", quantity=Decimal(3), location=STAGE)])
    )
    assert picked(service) == {OUTBOUND: 2, STAGE: 2}
    service.handle(MESSAGES.unpick(1, "B-1", 3, SHELF, lots=[ScannedPickedLot(lot="B-1", quantity=Decimal(3))]))
    assert picked(service) == {OUTBOUND: 1}
    assert len(service.events_of(LotUnpicked)) == 2


def test_a_lost_unpick_writes_picked_stock_off(service: InMemoryLots) -> None:
    """Lost picked stock leaves the books at its location and is in no balance."""
    lots = [ScannedPickedLot(lot="B-1", quantity=Decimal(2), location=STAGE)]
    service.handle(MESSAGES.unpick(1, "B-1", 2, STAGE, lots=lots, lost=True, reason="cycle count"))
    assert (picked(service), service.quantities_at("B-1", STAGE)[0]) == ({OUTBOUND: 2, STAGE: 1}, Decimal(0))
    [adjusted] = service.events_of(LotAdjusted)
    assert (adjusted.adjustment, adjusted.location, adjusted.quantity, adjusted.reason) == (
        "LOST",
        STAGE,
        2,
        "cycle count",
    )


def test_a_dispatch_ships_from_the_locations_of_its_content(service: InMemoryLots) -> None:
    """Each content line is checked and shipped at its location (S10, S28)."""
    content = [
        PackedLot(line="1", sku="A-1", lot="B-1", quantity=Decimal(2), location=STAGE),
        PackedLot(line="1", sku="A-1", lot="B-1", quantity=Decimal(2), location=OUTBOUND),
    ]
    service.handle(MESSAGES.request_dispatch_check(1, {}, stock=content))
    [approved] = service.events_of(LotDispatchApproved)
    assert approved.stock == content
    service.handle(MESSAGES.dispatch(1, {}).model_copy(update={"stock": content}))
    assert picked(service) == {STAGE: 1}
