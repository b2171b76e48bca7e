"""Every transition that is not in the table: told by hand as a sibling would, it changes nothing (S04)."""

from collections.abc import Callable
from typing import Any, NamedTuple

import pytest

from services.serials.units.domain.transitions import STATUSES, TRANSITIONS, Change
from shared.contracts.envelope import Fact
from shared.contracts.fulfillment import DispatchDone, PackedUnit, UnitDeallocated, UnitPicked, UnitUnpicked
from shared.contracts.receiving import ReceiptPlanned, ReceiptWithdrawn, UnitReceived, UnitReturned
from shared.contracts.serials import Status
from tests.flows.shop import DOCK, SHELF, STAGE, WAREHOUSE, Shop
from tests.flows.world import Json, World

HIGH = 1_000
"""A version of receiving's row above every one it has given: such a fact of receiving is always news."""


class Case(NamedTuple):
    """A unit in a status, and the documents it is tied to."""

    sku: str
    serial: str
    order: str
    demand: str


class Units(NamedTuple):
    """One unit in each status, of one product."""

    world: World
    shop: Shop
    cases: dict[Status | None, Case]


@pytest.fixture(scope="module")
async def units(world: World) -> Units:
    """Bring one unit into each status."""
    shop = Shop(world)
    await shop.product()
    expected, received, stored, allocated, picked, shipped = serials = shop.serials(6)
    await shop.announced([expected])
    await shop.received([received])
    await shop.received([stored])
    await shop.received([allocated, picked, shipped])
    await shop.put_away([allocated, picked, shipped])
    orders = {serial: await shop.order(1, serials=[serial]) for serial in (allocated, picked, shipped)}
    for serial, order in orders.items():
        assert await shop.allocated(order, 1) == [serial]
    await shop.put_away([stored])
    await shop.picked(orders[picked], [picked])
    await shop.shipped(orders[shipped], [shipped])
    for serial, status in zip(serials, STATUSES, strict=True):
        await shop.status([serial], status)
    rows = await world.rows("serials", "SELECT * FROM serial_state WHERE sku = $1", shop.sku)
    cases: dict[Status | None, Case] = {
        row["status"]: Case(shop.sku, row["serial"], row["order_id"] or "SO-?", row["demand"] or "D-?") for row in rows
    }
    cases[None] = Case(shop.sku, shop.no("NEVER"), "SO-?", "D-?")
    return Units(world, shop, cases)


def planned(of: Case) -> Fact:
    """Receiving expects it on another receipt."""
    return ReceiptPlanned(
        receipt="ASN-?", warehouse=WAREHOUSE, line="1", sku=of.sku, quantity=1, serials=[of.serial], versions=[HIGH]
    )  # fmt: skip


def withdrawn(of: Case) -> Fact:
    """Receiving expects it no longer."""
    return ReceiptWithdrawn(
        receipt="ASN-?", line="1", sku=of.sku, quantity=1, serials=[of.serial], versions=[HIGH], reason="CHANGED"
    )  # fmt: skip


def received(of: Case) -> Fact:
    """Receiving has it at the dock."""
    return UnitReceived(
        receipt="ASN-?", line="1", sku=of.sku, serials=[of.serial], versions=[HIGH], location=DOCK, session="S-?"
    )  # fmt: skip


def returned(of: Case) -> Fact:
    """Receiving has it back from a customer."""
    return UnitReturned(
        return_id="R-?", order=of.order, customer="C-1", sku=of.sku, serials=[of.serial], versions=[HIGH],
        location=DOCK, hold="H-?", reason="broken",
    )  # fmt: skip


def _of_order(of: Case) -> Json:
    return {"order": of.order, "line": "10", "demand": of.demand, "sku": of.sku, "serials": [of.serial]}


def deallocated(of: Case) -> Fact:
    """Fulfillment gives it back."""
    return UnitDeallocated(**_of_order(of), again=False, reason="by hand")


def picked(of: Case) -> Fact:
    """Fulfillment picked it."""
    return UnitPicked(**_of_order(of), location=STAGE)


def unpicked(of: Case) -> Fact:
    """Fulfillment put it back."""
    return UnitUnpicked(**_of_order(of), location=SHELF, again=False, reason="by hand")


def dispatched(of: Case) -> Fact:
    """Fulfillment sent it off."""
    unit = PackedUnit(line="10", sku=of.sku, serial=of.serial)
    return DispatchDone(order=of.order, orders=[of.order], shipment="SH-?", check="CK-?", customer="C-1", units=[unit])


FACTS: dict[Change, Callable[[Case], Fact]] = {
    Change.PLANNED: planned, Change.EXPECTATION_WITHDRAWN: withdrawn, Change.RECEIVED: received,
    Change.RETURNED: returned, Change.DEALLOCATED: deallocated, Change.PICKED: picked, Change.UNPICKED: unpicked,
    Change.DISPATCHED: dispatched,
}  # fmt: skip
"""Every change that a sibling's fact brings; the others are the registry's own decisions."""


NOT_IN_THE_TABLE = [
    pytest.param(status, change, id=f"{status or 'unknown'}, {change}")
    for status in (None, *STATUSES)
    for change in FACTS
    if (status, change) not in TRANSITIONS
]


async def snapshot(world: World, sku: str) -> list[Any]:
    """All that the registry knows of a product's units."""
    states = await world.rows("serials", "SELECT * FROM serial_state WHERE sku = $1 ORDER BY id", sku)
    trail = "SELECT a.* FROM audit a JOIN serial s ON s.id = a.serial_id WHERE s.sku = $1 ORDER BY serial_id, version"
    return [states, await world.rows("serials", trail, sku)]


@pytest.mark.parametrize(("status", "change"), NOT_IN_THE_TABLE)
async def test_a_transition_that_is_not_in_the_table(units: Units, status: Status | None, change: Change) -> None:
    """A sibling's fact that the one table does not allow changes no unit and is kept as a disagreement (S04)."""
    world, case = units.world, units.cases[status]
    before = await snapshot(world, case.sku)
    fact = FACTS[change](case)
    (event,) = await world.say(fact, source="by hand")
    row = await world.rejection("serials", event, "illegal_transition", fact.key())
    assert row["kind"] == "DISAGREEMENT"
    assert row["refusals"][0]["ids"] == [case.serial]
    assert (status or "unknown") in row["refusals"][0]["detail"]
    assert await snapshot(world, case.sku) == before


def test_every_edge_of_the_table_is_walked_or_refused() -> None:
    """The facts of these tests and the registry's own acts together make every change of the table (S04)."""
    own = {Change.PUT_AWAY, Change.ALLOCATED, Change.DEMAND_WITHDRAWN}
    assert {change for _, change in TRANSITIONS} == FACTS.keys() | own
    assert len(NOT_IN_THE_TABLE) == 7 * len(FACTS) - sum(change in FACTS for _, change in TRANSITIONS)


@pytest.mark.parametrize("wrong", ["order", "line", "demand"])
@pytest.mark.parametrize(
    ("status", "change"),
    [
        ("ALLOCATED", Change.DEALLOCATED), ("ALLOCATED", Change.PICKED),
        ("PICKED", Change.UNPICKED), ("PICKED", Change.DISPATCHED),
    ],
)  # fmt: skip
async def test_a_fact_of_another_document(units: Units, status: Status, change: Change, wrong: str) -> None:
    """A fact that fits the table but names another order, line or demand than the unit's changes nothing (S04)."""
    world, case = units.world, units.cases[status]
    fact = FACTS[change](case)
    if isinstance(fact, DispatchDone):
        if wrong == "demand":
            pytest.skip("a dispatch names no demand")
        unit = fact.units[0].model_copy(update={"line": "99"} if wrong == "line" else {})
        fact = fact.model_copy(update={"units": [unit]})
    if not (isinstance(fact, DispatchDone) and wrong == "line"):
        fact = fact.model_copy(update={wrong: f"{wrong}-?"})
    before = await snapshot(world, case.sku)
    (event,) = await world.say(fact, source="by hand")
    row = await world.rejection("serials", event, "document_mismatch", fact.key())
    assert row["kind"] == "DISAGREEMENT"
    assert await snapshot(world, case.sku) == before
