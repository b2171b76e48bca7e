"""Any order of requests: the counts of lines are those of their units, and what is told fits the units' lives."""

from collections import Counter
from collections.abc import Callable
from random import Random

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, rule

from services.receiving.receipts import domain
from shared.contracts.commands import receiving as commands
from shared.contracts.envelope import Fact
from shared.contracts.receiving import ReceiptPlanned, ReceiptWithdrawn, UnitReceived
from shared.contracts.reference import ProductChanged
from shared.contracts.serials import SerialAdjusted
from shared.contracts.upstream import AsnCancelled, AsnChanged
from tests.unit.receiving import floor
from tests.unit.receiving.counting import PEOPLE, RECEIPTS, SESSIONS, Counting

NUMBERS = st.sampled_from(["1", "1", "2"])
SKUS = st.sampled_from(["PUMP", "PUMP", "PUMP", "SCREW", "LATE"])
SERIALS = st.lists(st.sampled_from(["a", "A", "b", "c", "d", "e"]), max_size=4, unique=True)
SELDOM = st.integers(1, 8).map(lambda number: number == 7)
HERE = {"SCANNED", "IN_HOUSE"}


class Receiving(Counting):
    """Three receipts, three serialised products of which one is defined late, milk in lots, two people."""

    def __init__(self) -> None:
        super().__init__()
        self.versions: dict[tuple[str, str], int] = {}
        self.expected: dict[tuple[str, str], str] = {}
        self.received: set[tuple[str, str]] = set()

    def hear(self, events: list[Fact]) -> None:
        """Follow what is told, as the registry does."""
        for fact in events:
            self.hear_of_lots(fact)
            if not isinstance(fact, ReceiptPlanned | ReceiptWithdrawn | UnitReceived):
                continue
            for serial, version in zip(fact.serials, fact.versions, strict=True):
                key = (fact.sku, serial)
                assert version > self.versions.get(key, 0), f"{fact.TYPE} {key} is told with an old version"
                assert key not in self.received, f"{fact.TYPE} of {key}, which was received (S18)"
                self.versions[key] = version
                self.tell(fact, key)

    def tell(self, fact: ReceiptPlanned | ReceiptWithdrawn | UnitReceived, key: tuple[str, str]) -> None:
        """One unit's next step."""
        if isinstance(fact, ReceiptPlanned):
            assert key not in self.expected, f"{key} is planned on {fact.receipt} and on {self.expected[key]}"
            self.expected[key] = fact.receipt
        elif isinstance(fact, ReceiptWithdrawn):
            assert self.expected.pop(key) == fact.receipt
        else:
            self.expected.pop(key, None)
            self.received.add(key)

    @rule(receipt=RECEIPTS, number=NUMBERS, sku=SKUS, serials=SERIALS, unnamed=st.integers(0, 2))
    def announce(self, receipt: str, number: str, sku: str, serials: list[str], unnamed: int) -> None:
        """Announce, or a further part."""
        line = floor.line(serials, len(serials) + unnamed or 1, number, sku)
        self.done(floor.announce(self.at, receipt, line))

    @rule(receipt=RECEIPTS, number=NUMBERS, sku=SKUS, serials=SERIALS, unnamed=st.integers(0, 2))
    def take_out(self, receipt: str, number: str, sku: str, serials: list[str], unnamed: int) -> None:
        """Change an announcement."""
        line = floor.line(serials, len(serials) + unnamed or 1, number, sku)
        self.done(floor.say(self.at, AsnChanged.model_validate({"receipt": receipt, "remove": [line]})))

    @initialize()
    def begin(self) -> None:
        """Two receipts are announced; the third is not known yet."""
        for receipt, serials in (("R1", ["a", "b", "c"]), ("R2", ["d"])):
            self.done(floor.announce(self.at, receipt, floor.line(serials, 5)))

    @rule(receipt=RECEIPTS, seldom=SELDOM)
    def cancel(self, receipt: str, *, seldom: bool) -> None:
        """Cancel an announcement."""
        if seldom:
            self.done(floor.say(self.at, AsnCancelled(receipt=receipt)))

    @rule(receipt=RECEIPTS, session=SESSIONS, sku=SKUS, serials=SERIALS.filter(bool), who=PEOPLE)
    def scan(self, receipt: str, session: str, sku: str, serials: list[str], who: str) -> None:
        """Scan some units."""
        self.done(floor.scan(self.at, receipt, *serials, session=session, sku=sku, actor=who))

    @rule(receipt=RECEIPTS, session=SESSIONS, sku=SKUS, serials=SERIALS.filter(bool), who=PEOPLE)
    def undo(self, receipt: str, session: str, sku: str, serials: list[str], who: str) -> None:
        """Take some scans back."""
        wish = commands.UndoScan(receipt=receipt, session=session, sku=sku, serials=serials)
        self.done(floor.say(self.at, wish, who))

    @rule(
        receipt=RECEIPTS,
        session=SESSIONS,
        who=PEOPLE,
        end=st.sampled_from([commands.ConfirmSession, commands.DropSession, commands.TakeOverSession]),
    )
    def end(self, receipt: str, session: str, who: str, end: type[commands.ConfirmSession]) -> None:
        """Confirm, drop or take over a session."""
        self.done(floor.say(self.at, end(receipt=receipt, session=session), who))

    @rule(receipt=RECEIPTS, session=SESSIONS)
    def confirm(self, receipt: str, session: str) -> None:
        """Whoever has a session confirms it."""
        if found := self.at.sessions.get((receipt, session)):
            self.done(floor.confirm(self.at, receipt, session, found.owner))

    @rule(receipt=RECEIPTS, seldom=SELDOM)
    def close(self, receipt: str, *, seldom: bool) -> None:
        """Close a receipt."""
        if seldom:
            self.done(floor.say(self.at, commands.CloseReceipt(receipt=receipt)))

    @rule(
        pick=st.integers(0, 99),
        resolution=st.sampled_from(["ACCEPT", "TIE", "VOID", "SEND_BACK"]),
        tie_to=st.sampled_from([None, "a", "b"]),
    )
    def resolve(self, pick: int, resolution: str, tie_to: str | None) -> None:
        """Decide on a discrepancy."""
        if found := list(self.at.discrepancies.values()):
            one = found[pick % len(found)]
            named = {"receipt": one.receipt, "discrepancy": one.discrepancy, "resolution": resolution}
            wish = commands.ResolveDiscrepancy.model_validate(named | {"tie_to": tie_to, "reason": "seen"})
            self.done(floor.say(self.at, wish))

    @rule()
    def define(self) -> None:
        """The late product is defined."""
        self.at.trackings = {**self.at.trackings, "LATE": "SERIAL"}
        news = ProductChanged(sku="LATE", version=1, name="", unit="each", tracking="SERIAL")
        self.hear(domain.wake(self.at, [floor.event(news)]))

    @rule(sku=SKUS, serials=SERIALS)
    def void(self, sku: str, serials: list[str]) -> None:
        """The registry voids units that are in the house."""
        here = [serial for serial in serials if floor.state(self.at, serial, sku) == "IN_HOUSE"]
        adjusted = SerialAdjusted(sku=sku, serials=here, adjustment="VOID", reason="wrong")
        domain.void(self.at, [floor.event(adjusted)])

    @invariant()
    def lines_count_their_units(self) -> None:
        """What a line says is here is here, and of an open receipt what it says is announced by name."""
        counts: Counter[tuple[str, str, str]] = Counter()
        for unit in self.at.units.values():
            on = (unit.receipt or "", unit.line or "")
            counts[*on, unit.state] += 1
            counts[*on, "named"] += unit.named and unit.state in HERE | {"EXPECTED"}
            counts[*on, "unnamed"] += not unit.named and unit.state in HERE
        for key, line in self.at.lines.items():
            if line.sku == "MILK":
                continue
            assert (int(line.scanned), int(line.received), line.unnamed) == (
                counts[*key, "SCANNED"], counts[*key, "IN_HOUSE"], counts[*key, "unnamed"],
            )  # fmt: skip
            if self.at.receipts[line.receipt].status in {"PLANNED", "ARRIVED"}:
                assert line.named == counts[*key, "named"] <= line.announced

    @invariant()
    def what_was_told_is_so(self) -> None:
        """The registry expects what receiving expects, but for lines that wait and scans not yet confirmed."""
        expected = {
            unit.key: unit.receipt
            for unit in self.at.units.values()
            if unit.named and unit.state in {"EXPECTED", "SCANNED"} and not self._waits(unit.receipt, unit.line)
        }
        assert expected == self.expected
        here = {unit.key for unit in self.at.units.values() if unit.state in {"IN_HOUSE", "VOID"}}
        assert here == self.received

    def _waits(self, receipt: str | None, line: str | None) -> bool:
        return self.at.lines[receipt or "", line or ""].waiting

    @invariant()
    def scans_belong_to_open_sessions(self) -> None:
        """No scan outlives its session, and no session its receipt."""
        for unit in self.at.units.values():
            if unit.state == "SCANNED":
                assert self.at.sessions[unit.receipt or "", unit.session or ""].state == "OPEN"
        for aside in self.at.asides.values():
            assert self.at.sessions[aside.receipt, aside.session].state == "OPEN"
        for session in self.at.sessions.values():
            assert session.state != "OPEN" or self.at.receipts[session.receipt].status == "ARRIVED"


Receiving.TestCase.settings = settings(max_examples=40, stateful_step_count=30, deadline=None)
TestReceiving = Receiving.TestCase
TestReceiving.__doc__ = (
    "No order of requests breaks a count, a version or the one life of a serial (S14, S16, S18, S23)."
)


def step(machine: Receiving, dice: Random) -> None:
    """One step of a busy day: mostly announcing, scanning and confirming, seldom anything else."""
    receipt, session = f"R{dice.randint(1, 6)}", dice.choice(["S1", "S2", "S3", "S4"])
    who = dice.choice([floor.ANNA, floor.ANNA, floor.BEN])
    sku = dice.choice(["PUMP", "PUMP", "SCREW", "LATE"])
    number, serials = ("1" if sku == "PUMP" else "2"), dice.sample("aAbcdefgh", dice.randint(1, 4))
    lots, much = dice.choices("LlMN", k=dice.randint(1, 3)), dice.choice(["0.5", "1", "3", "7.25"])
    day = dice.choice(["2026-12-31"] * 5 + ["2026-12-30", None])
    acts: list[tuple[int, Callable[[], None]]] = [
        (20, lambda: machine.announce(receipt, number, sku, serials, dice.randint(0, 2))),
        (40, lambda: machine.scan(receipt, session, sku, serials, who)),
        (15, lambda: machine.confirm(receipt, session)),
        (
            8,
            lambda: machine.resolve(dice.randint(0, 99), dice.choice(["ACCEPT", "TIE"]), dice.choice([None, "a", "b"])),
        ),
        (8, lambda: machine.announce_milk(receipt, much)),
        (15, lambda: machine.count(receipt, session, lots, (much, day), who)),
        (3, lambda: machine.undo_lots(receipt, session, lots, who)),
        (4, lambda: machine.undo(receipt, session, sku, serials, who)),
        (4, lambda: machine.take_out(receipt, number, sku, serials, dice.randint(0, 1))),
        (4, lambda: machine.void(sku, serials)),
        (3, lambda: machine.end(receipt, session, who, dice.choice([commands.DropSession, commands.TakeOverSession]))),
        (2, lambda: machine.cancel(receipt, seldom=True)),
        (2, lambda: machine.close(receipt, seldom=True)),
        (1, machine.define),
    ]
    (act,) = dice.choices([act for _, act in acts], [weight for weight, _ in acts])
    act()


@pytest.mark.parametrize("seed", range(8))
def test_busy_days(seed: int) -> None:
    """Long days reach states that short ones do not; each step keeps every invariant (S14, S16, S18)."""
    machine, dice = Receiving(), Random(seed)  # noqa: S311 - the same days every time
    for _ in range(400):
        step(machine, dice)
        machine.lines_count_their_units()
        machine.what_was_told_is_so()
        machine.scans_belong_to_open_sessions()
        machine.lines_count_their_lots()
        machine.one_lot_has_one_expiry()
    assert machine.received
    assert machine.stock
