"""The tables and their bounded loads decide what the rules decide when they see everything."""

from datetime import timedelta
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.ext.asyncio import AsyncEngine

from services.serials.units.domain.unit import Unit
from shared.contracts.commands.serials import Adjust, Correct, Hold, Lift, Move
from shared.contracts.envelope import Fact
from shared.contracts.lots import RecallOpened
from shared.contracts.receiving import ReturnDisposed
from shared.contracts.reference import ProductChanged
from shared.contracts.serials import GivenUnit, SerialAllocated
from shared.contracts.upstream import CustomerLife, LifePolicy
from shared.database import Transaction
from tests.line import message
from tests.serials.conftest import Line
from tests.serials.saying import Saying, names
from tests.unit.serials.making import BIN, SHELF
from tests.unit.serials.registry import Registry

some = st.lists(st.sampled_from(names(8)), min_size=1, max_size=5, unique=True)
number = st.integers(1, 6)
TODAY = Transaction.clock().date()
Step = tuple[str, list[str], int, int, bool]
steps = st.tuples(
    st.sampled_from(
        ["receive", "put away", "put away", "want", "want", "want named", "want long", "want lots", "want alone",
         "want drop", "give up", "deallocate", "short pick", "pick", "unpick", "dispatch", "give back", "dispose",
         "hold", "lift", "lose", "find", "move", "policy", "hold lot", "recall", "correct"]
    ),
    some, number, st.integers(1, 4), st.booleans(),
)  # fmt: skip


LABELS: list[dict[str, Any]] = [{}, {}, {"lot": "L-1"}, *(
    {"lot": lot, "expiry": TODAY + timedelta(days)} for lot, days in [("L-1", 40), ("L-2", 20), (None, 6), ("L-2", -1)]
)]  # fmt: skip


def said(say: Saying, step: Step, version: int) -> list[Fact]:
    """Make the messages of a step; whether they fit is not asked. Wishes come in pairs."""
    what, _, which, quantity, again = step
    if not what.startswith("want"):
        return [one(say, step, version)]
    other = (what, step[1][:1], which % 6 + 1, 5 - quantity, not again)
    return [one(say, step, version), one(say, other, version)]


def touching(serials: list[str]) -> list[dict[str, Any]]:
    """Name what a recall touches in every way."""
    return [
        {"serials": serials},
        {"lots": ["L-2"]},
        {"words": ["l-1", serials[0].lower()]},
        {"ranges": [{"first": serials[0], "last": serials[-1]}]},
    ]


def one(say: Saying, step: Step, version: int) -> Fact:
    """Make one message."""
    what, serials, which, quantity, again = step
    life = LifePolicy(
        stop_pick_days=7 * (which % 2), customers=[CustomerLife(customer="C-1", min_life_days=30)] if again else []
    )
    fact: dict[str, Any] = {
        "receive": lambda: say.receive(serials, version, **LABELS[(which * 4 + quantity) % len(LABELS)]),
        "policy": lambda: ProductChanged(
            sku=say.sku, version=version, name="Gauze", unit="each", tracking="SERIAL", life=life
        ),
        "put away": lambda: say.put_away(serials, SHELF if again else BIN),
        "want": lambda: say.want(which, quantity, priority=5 + again),
        "want named": lambda: say.want(which, quantity, serials=serials[:quantity]),
        "want long": lambda: say.want(which, quantity, priority=5 + again, min_life_days=10 * which),
        "want lots": lambda: say.want(which, quantity, lots=["L-1", "L-3"] if again else ["L-2"]),
        "want alone": lambda: say.want(which, quantity, single_lot=True, lots=["L-2"] if which == 1 else []),
        "want drop": lambda: say.want(which, quantity, shortfall="DROP"),
        "give up": lambda: say.give_up(which),
        "deallocate": lambda: say.deallocate(which, serials, again=again),
        "short pick": lambda: say.deallocate(which, serials, again=again, hold=f"SP-{version}"),
        "pick": lambda: say.pick(which, serials),
        "unpick": lambda: say.unpick(which, serials, again=again),
        "dispatch": lambda: say.dispatch(which, serials),
        "give back": lambda: say.give_back(which, serials, version, f"RMA-{which}"),
        "dispose": lambda: ReturnDisposed(
            return_id=f"RMA-{which}", sku=say.sku, serials=serials, hold=f"RMA-{which}", reason="looked at",
            disposition="RESTOCK" if again else "SCRAP",
        ),
        "hold": lambda: Hold(sku=say.sku, serials=serials, hold=f"H-{which}", reason="suspicion"),
        "hold lot": lambda: Hold(sku=say.sku, lot=f"L-{1 + which % 2}", hold=f"H-{which}", reason="suspicion"),
        "recall": lambda: RecallOpened(
            recall=f"RC-{version}", sku=say.sku, hold=f"R-{which}", reason="sharp edges", mock=quantity == 4,
            **touching(serials)[which % 4],
        ),
        "correct": lambda: Correct(
            sku=say.sku, serials=serials, expiry=[None, *(TODAY + timedelta(n) for n in (-1, 8, 70))][which % 4],
            reason="label misread",
        ),
        "lift": lambda: Lift(sku=say.sku, hold=f"{'R' if again else 'H'}-{which}", reason="cleared"),
        "lose": lambda: Adjust(sku=say.sku, serials=serials, adjustment="LOST", reason="count"),
        "find": lambda: Adjust(sku=say.sku, serials=serials, adjustment="FOUND", reason="count"),
        "move": lambda: Move(sku=say.sku, serials=serials, location=BIN),
    }  # fmt: skip
    made: Fact = fact[what]()
    return made


def shown(unit: GivenUnit) -> dict[str, Any]:
    """Show a given unit as JSON does."""
    return unit.model_dump(mode="json", exclude_none=True)


UNITS = """
    SELECT serial, status::text AS status, version, warehouse, location, receipt, order_id, order_line, demand,
           shipment, customer, return_id, holds, adjustment, lot, expiry
    FROM serial_state WHERE sku = :sku ORDER BY serial
"""
DEMANDS = "SELECT id, open, status FROM demand WHERE sku = :sku AND quantity > 0 ORDER BY id"


def unit_row(unit: Unit) -> tuple[Any, ...]:
    """Show a unit as its row shows it."""
    return (
        unit.serial, unit.status, unit.version, unit.warehouse, unit.location, unit.receipt, unit.order,
        unit.order_line, unit.demand, unit.shipment, unit.customer, unit.return_id, unit.holds, unit.adjustment,
        unit.lot, unit.expiry,
    )  # fmt: skip


@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
@given(played=st.lists(steps, min_size=20, max_size=45), stored=st.lists(st.sampled_from(names(8)), unique=True))
async def test_the_tables_decide_as_the_rules_do(engine: AsyncEngine, played: list[Step], stored: list[str]) -> None:
    """After any messages, fitting or not, tables and rules agree on units, demands, answers and refusals (S04, S08)."""
    line, registry = Line(engine), Registry(now=Transaction.clock())
    say = Saying(line.sku)
    if stored:
        played = [("receive", stored, 1, 1, True), ("put away", stored, 1, 1, True), *played]
    for version, step in enumerate(played, start=1):
        events = [message(fact) for fact in said(say, step, version)]
        before = len(registry.said), len(registry.misfits)
        outcomes = registry.take(events)
        told = await line.take(events)
        given = [fact for fact in registry.said[before[0] :] if isinstance(fact, SerialAllocated)]
        assert [
            (it["demand"], it.get("given", []), it["short"], it["closed"]) for it in told.data("serial.allocated.v1")
        ] == [(it.demand, [shown(unit) for unit in it.given], it.short, it.closed) for it in given]
        if told.answers:
            assert told.codes() == [str(refusal.code) for it in outcomes for refusal in it.refusals]
        disagreements = [it for it in told.data("serial.rejected.v1") if it["kind"] == "DISAGREEMENT"]
        assert [it["detail"] for it in disagreements] == [it.detail for it in registry.misfits[before[1] :]]
    rows = await line.rows(UNITS, sku=line.sku)
    assert [tuple(row.values()) for row in rows] == sorted(unit_row(unit) for unit in registry.units.values())
    demands = await line.rows(DEMANDS, sku=line.sku)
    kept = sorted(registry.demands.values(), key=lambda demand: demand.id)
    assert [tuple(row.values()) for row in demands] == [(it.id, it.open, it.status) for it in kept]
