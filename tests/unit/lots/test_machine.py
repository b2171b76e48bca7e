"""Days of counted stock in any order: after every step the ledger is the balance, and what came is here or gone."""

from collections import defaultdict
from datetime import timedelta
from decimal import ROUND_DOWN, Decimal
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from services.lots.balances.domain.stock import NOTHING, Claim, Papers
from shared.contracts.envelope import Fact
from shared.contracts.lots import LotAdjusted, LotHeld, LotHoldLifted, LotMoved, LotReceived
from shared.stock.expiry import is_expired
from tests.unit.lots.house import FLOOR, House
from tests.unit.lots.making import BIN, DOCK, FAR, RACK, SHELF, SPRING, STAGE, SUMMER, Saying
from tests.unit.lots.passing import Calendar

lots = st.sampled_from(["B-1", "B-2", "0B-1"])
quantities = st.sampled_from(["0.000001", "0.5", "1", "2.25", "3", "10"]).map(Decimal)
storage = st.sampled_from([SHELF, BIN, RACK])
anywhere = st.sampled_from([DOCK, STAGE, SHELF, BIN, RACK, FAR])
dates = st.sampled_from([None, SPRING, SUMMER])
any_number = st.integers(min_value=0, max_value=1000)
MILLIONTH = Decimal("0.000001")
CAME = {"RECEIVED", "RETURNED", "FOUND", "COUNTED_UP"}
GONE = {"SCRAPPED", "LOST", "COUNTED_DOWN", "SENT_BACK"}


def part(quantity: Decimal, share: int) -> Decimal:
    """A share of a quantity, in millionths; never nothing."""
    return max((quantity / share).quantize(MILLIONTH, ROUND_DOWN), MILLIONTH)


class Days(RuleBasedStateMachine):
    """One product's lots, and orders that take what they may."""

    def __init__(self) -> None:
        super().__init__()
        self.house = House()
        self.calendar, self.day = Calendar(house=self.house), SPRING - timedelta(days=60)
        self.say = Saying()
        self.number = 0
        self.waiting: dict[tuple[str, str, str], Decimal] = {}

    def next(self, kind: str) -> str:
        """A name not used before."""
        self.number += 1
        return f"{kind}-{self.number}"

    @rule(lot=lots, quantity=quantities, expiry=dates, location=st.sampled_from([DOCK, DOCK, STAGE, SHELF]),
          hold=st.sampled_from([False, False, True]))  # fmt: skip
    def receive(self, lot: str, quantity: Decimal, expiry: Any, location: str, hold: bool) -> None:
        """Some of a lot arrives."""
        came = self.say.came(lot, quantity, expiry, hold=self.next("H") if hold else None)
        self.house.hear(self.say.receive(came, location=location))

    @rule(lot=lots, quantity=quantities, location=storage, source=st.sampled_from([DOCK, STAGE]))
    def put_away(self, lot: str, quantity: Decimal, location: str, source: str) -> None:
        """It is stored."""
        self.house.hear(self.say.put_away(lot, quantity, location, source))

    @rule(lot=lots, quantity=quantities, location=anywhere, source=anywhere)
    def move(self, lot: str, quantity: Decimal, location: str, source: str) -> None:
        """It is moved."""
        self.house.hear(self.say.move(lot, quantity, location, source))

    @rule(lot=lots, quantity=quantities, location=anywhere, what=st.sampled_from(["SCRAPPED", "LOST", "FOUND"]))
    def adjust(self, lot: str, quantity: Decimal, location: str, what: str) -> None:
        """It is scrapped, lost or found."""
        self.house.hear(self.say.adjust(lot, quantity, what, location))

    @rule(lot=lots, quantity=quantities | st.just(NOTHING), location=anywhere)
    def count(self, lot: str, quantity: Decimal, location: str) -> None:
        """It is counted."""
        self.house.hear(self.say.count(lot, quantity, location))

    @rule(lot=lots, location=st.none() | anywhere)
    def hold(self, lot: str, location: str | None) -> None:
        """It is held."""
        self.house.hear(self.say.hold(lot, self.next("H"), location))

    @rule(which=any_number)
    def lift(self, which: int) -> None:
        """A hold is lifted, if that may be."""
        names = sorted({it.hold for its in self.house.holds.values() for it in its if it.open})
        if names:
            self.house.hear(self.say.lift(names[which % len(names)]))

    @rule(lot=lots, expiry=dates)
    def correct(self, lot: str, expiry: Any) -> None:
        """Its date is read anew."""
        self.house.hear(self.say.correct(lot, expiry))

    @rule(days=st.integers(0, 60))
    def days_pass(self, days: int) -> None:
        """The clock looks: what has expired by now, and lies here, is on hold."""
        self.day += timedelta(days=days)
        self.calendar.on(self.day)
        book = self.house.book()
        for balance in self.house.balances.values():
            if balance.on_hand and is_expired(self.house.lots[balance.sku, balance.lot].expiry, self.day):
                assert any(it.kind == "EXPIRED" for it in book.on(balance.sku, balance.lot, balance.location))

    @rule(lot=lots, quantity=quantities, location=st.sampled_from([STAGE, STAGE, BIN]))
    def give_back(self, lot: str, quantity: Decimal, location: str) -> None:
        """A customer sends some back."""
        if ("A-1", lot) in self.house.lots:
            name = self.next("RMA")
            self.house.hear(self.say.back(lot, quantity, name, location))
            self.waiting[name, lot, location] = quantity

    @rule(which=any_number, what=st.sampled_from(["RESTOCK", "SCRAP", "SEND_BACK"]), half=st.booleans())
    def dispose(self, which: int, what: str, half: bool) -> None:
        """What becomes of it is decided, for all of it or a part."""
        if open_ := sorted(key for key, left in self.waiting.items() if left):
            key = open_[which % len(open_)]
            quantity = min(self.waiting[key], Decimal("0.5")) if half else self.waiting[key]
            self.waiting[key] -= quantity
            self.house.hear(self.say.dispose(key[1], quantity, what, key[0], key[2]))

    @rule(which=any_number, share=st.sampled_from([1, 2]))
    def allocate(self, which: int, share: int) -> None:
        """An order is given some of what is free."""
        book = self.house.book()
        free = [it for it in self.house.balances.values() if it.stored and it.free > 0 and not book.held(it)]
        if free:
            balance = free[which % len(free)]
            demand = f"D-{balance.warehouse}-{which % 3}"
            self.house.reserve(balance.key, Claim(demand, f"SO-{demand}", "1"), part(balance.free, share))

    @rule(which=any_number, share=st.sampled_from([1, 2]), what=st.sampled_from(["release", "pick", "pick"]))
    def go_on(self, which: int, share: int, what: str) -> None:
        """It is picked, or given back."""
        rows = [row for row in self.house.reserved.values() if row.quantity]
        if not rows:
            return
        row = rows[which % len(rows)]
        if what == "pick":
            self.house.pick(row, part(row.quantity, share))
        else:
            book = self.house.book()
            book.release(row, part(row.quantity, share), FLOOR)
            self.house.keep(book)

    @rule(which=any_number, share=st.sampled_from([1, 2]), what=st.sampled_from(["unpick", "ship"]), location=storage)
    def leave(self, which: int, share: int, what: str, location: str) -> None:
        """It leaves, or goes to a place again."""
        rows = [row for row in self.house.picked.values() if row.quantity]
        if not rows:
            return
        row, book = rows[which % len(rows)], self.house.book()
        if what == "ship":
            book.ship(row, part(row.quantity, share), FLOOR, Papers(shipment="SH-1"))
        else:
            place = location if row.warehouse == "EAST" else FAR
            book.unpick(row, place, part(row.quantity, share), FLOOR, Papers(order_id=row.order_id))
        self.house.keep(book)

    @invariant()
    def the_ledger_is_the_balance(self) -> None:
        """The ledger's rows of a place sum up to what is on hand there, those of a lot to what is picked (S22)."""
        on_hand: dict[tuple[str, str], Decimal] = defaultdict(lambda: NOTHING)
        picked: dict[tuple[str, str], Decimal] = defaultdict(lambda: NOTHING)
        for entry in self.house.ledger:
            on_hand[entry.lot, entry.location or ""] += entry.on_hand
            picked[entry.lot, entry.warehouse] += entry.picked
        for (lot, location), quantity in on_hand.items():
            assert self.house.at(lot, location or "")[0] == quantity
        for row in self.house.picked.values():
            picked[row.lot, row.warehouse] -= row.quantity
        assert not any(picked.values())

    @invariant()
    def nothing_below_zero(self) -> None:
        """0 ≤ allocated ≤ on hand at every place, and allocated is what demands have there (S08)."""
        had: dict[tuple[str, str], Decimal] = defaultdict(lambda: NOTHING)
        for row in self.house.reserved.values():
            assert row.quantity >= 0
            had[row.lot, row.location] += row.quantity
        for balance in self.house.balances.values():
            assert 0 <= balance.allocated <= balance.on_hand
            assert balance.allocated == had.pop((balance.lot, balance.location), NOTHING)
        assert not any(had.values())
        assert all(row.quantity >= 0 for row in self.house.picked.values())

    @invariant()
    def what_came_is_here_or_gone(self) -> None:
        """Per lot and warehouse: came = on hand + picked + shipped + gone, by the one formula (S46)."""
        sums: dict[tuple[str, str], Decimal] = defaultdict(lambda: NOTHING)
        for entry in self.house.ledger:
            at = (entry.lot, entry.warehouse)
            if entry.change in CAME | GONE:
                assert (entry.on_hand > 0) == (entry.change in CAME)
                sums[at] += entry.on_hand
            elif entry.change == "SHIPPED":
                sums[at] += entry.picked
        for balance in self.house.balances.values():
            sums[balance.lot, balance.warehouse] -= balance.on_hand
        for row in self.house.picked.values():
            sums[row.lot, row.warehouse] -= row.quantity
        assert not any(sums.values())

    @invariant()
    def returns_wait(self) -> None:
        """What came back lies where it was laid, held, until it is disposed of; nobody moves it away before (S18)."""
        rows = [it for its in self.house.holds.values() for it in its if it.kind == "RETURN"]
        assert {(it.hold, it.lot, it.location): it.waiting for it in rows} == self.waiting
        assert all(it.open == (it.waiting > 0) for it in rows)
        there: dict[tuple[str, str], Decimal] = defaultdict(lambda: NOTHING)
        for it in rows:
            there[it.lot, it.location or ""] += it.waiting
        for (lot, location), waiting in there.items():
            on_hand, allocated = self.house.at(lot, location)
            assert on_hand - allocated >= waiting
        assert self.house.misfits == []

    @invariant()
    def what_is_said_is_what_was_done(self) -> None:
        """Whoever adds up the facts knows what is on hand, but for what orders took (S26)."""
        told: dict[tuple[str, str], Decimal] = defaultdict(lambda: NOTHING)
        for fact in self.house.said:
            for lot, location, by in _moved(fact):
                told[lot, location] += by
        for entry in self.house.ledger:
            if entry.change in {"PICKED", "UNPICKED"}:
                told[entry.lot, entry.location or ""] += entry.on_hand
        assert all(self.house.at(*at)[0] == quantity for at, quantity in told.items())
        opened = {(it.hold, it.lot, it.location) for it in self.house.saying(LotHeld)}
        lifted = {(it.hold, it.lot, it.location) for it in self.house.saying(LotHoldLifted)}
        held = {(it.hold, it.lot, it.location) for its in self.house.holds.values() for it in its if it.open}
        assert opened - lifted == held


def _moved(fact: Fact) -> list[tuple[str, str, Decimal]]:
    """What a fact says of quantities at places."""
    if isinstance(fact, LotReceived):
        return [(fact.lot, fact.location, fact.quantity)]
    if isinstance(fact, LotMoved):
        return [(fact.lot, fact.from_location, -fact.quantity), (fact.lot, fact.location, fact.quantity)]
    if isinstance(fact, LotAdjusted):
        up = fact.adjustment in {"FOUND", "COUNTED_UP"}
        return [(fact.lot, fact.location, fact.quantity if up else -fact.quantity)]
    return []


TestDays = Days.TestCase
TestDays.settings = settings(
    max_examples=30, stateful_step_count=50, deadline=None, suppress_health_check=list(HealthCheck)
)
