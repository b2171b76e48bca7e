"""The state machine's part for counted goods: milk, announced and counted in lots on the same receipts."""

from collections import defaultdict
from decimal import Decimal

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from services.receiving.receipts.domain import Outcome
from shared.contracts.commands import receiving as commands
from shared.contracts.envelope import Fact
from shared.contracts.receiving import StockReceived
from tests.unit.receiving import floor

RECEIPTS = st.sampled_from(["R1", "R2", "R1", "R2", "R3"])
SESSIONS = st.sampled_from(["S1", "S1", "S2", "S3"])
PEOPLE = st.sampled_from([floor.ANNA, floor.ANNA, floor.BEN])
LOTS = st.lists(st.sampled_from(["L", "l", "M"]), min_size=1, max_size=3)
MUCH = st.sampled_from(["0.5", "1", "3", "7.25"])
DAYS = st.sampled_from(["2026-12-31", "2026-12-31", "2026-12-31", "2026-12-30", None])


class Counting(RuleBasedStateMachine):
    """Lots of milk, and what was told of them."""

    def __init__(self) -> None:
        super().__init__()
        self.at = floor.desk()
        self.stock: defaultdict[tuple[str, str, str], Decimal] = defaultdict(Decimal)

    def hear(self, events: list[Fact]) -> None:
        """Follow what is told."""
        raise NotImplementedError

    def hear_of_lots(self, fact: Fact) -> None:
        """Follow what is told of lots, as their owner does."""
        if isinstance(fact, StockReceived):
            for one in fact.lots:
                self.stock[fact.receipt, fact.line, one.lot] += one.quantity

    def done(self, outcome: Outcome) -> None:
        """Refused whole and nothing told, or done."""
        assert outcome.body is not None or (outcome.refusals and not outcome.events)
        self.hear(list(outcome.events))

    @rule(receipt=RECEIPTS, much=MUCH)
    def announce_milk(self, receipt: str, much: str) -> None:
        """Announce some milk, or more of it."""
        self.done(floor.announce(self.at, receipt, floor.line(number="9", sku="MILK") | {"quantity": much}))

    @rule(receipt=RECEIPTS, session=SESSIONS, lots=LOTS, entry=st.tuples(MUCH, DAYS), who=PEOPLE)
    def count(self, receipt: str, session: str, lots: list[str], entry: tuple[str, str | None], who: str) -> None:
        """Count some lots."""
        entries = [floor.lot(lot, *entry) for lot in lots]
        self.done(floor.count(self.at, receipt, *entries, session=session, actor=who))

    @rule(receipt=RECEIPTS, session=SESSIONS, lots=LOTS, who=PEOPLE)
    def undo_lots(self, receipt: str, session: str, lots: list[str], who: str) -> None:
        """Take some lots back."""
        wish = commands.UndoScan(receipt=receipt, session=session, sku="MILK", lots=lots)
        self.done(floor.say(self.at, wish, who))

    @invariant()
    def lines_count_their_lots(self) -> None:
        """A line's counts are those of its scans, never more than announced unless a supervisor took it in."""
        sums: defaultdict[tuple[str, str | None, str], Decimal] = defaultdict(Decimal)
        told: defaultdict[tuple[str, str, str], Decimal] = defaultdict(Decimal)
        waiting = {found.scan for found in self.at.discrepancies.values() if found.resolution is None}
        for scan in self.at.lots.values():
            sums[scan.receipt, scan.line, scan.state] += scan.quantity
            if scan.state == "RECEIVED":
                told[scan.receipt, scan.line or "", scan.lot] += scan.quantity
            elif scan.state != "DECLINED":
                is_open = self.at.sessions[scan.receipt, scan.session].state == "OPEN"
                assert is_open is not (scan.scan in waiting), f"{scan} is in nobody's hands, or in two"
        assert told == self.stock
        for (receipt, number), line in self.at.lines.items():
            if line.sku == "MILK":
                assert line.scanned == sums[receipt, number, "SCANNED"]
                assert line.received == sums[receipt, number, "RECEIVED"]
                assert (line.named, line.unnamed) == (0, 0)
                assert line.scanned + line.received <= line.announced or self.accepted(receipt)

    def accepted(self, receipt: str) -> bool:
        """Whether a supervisor took in on a receipt what was too much."""
        return any(one.receipt == receipt and one.resolution == "ACCEPT" for one in self.at.discrepancies.values())

    @invariant()
    def one_lot_has_one_expiry(self) -> None:
        """Nothing that was scanned on a receipt names two expiries of a lot."""
        days: defaultdict[tuple[str, str, str], set[object]] = defaultdict(set)
        for scan in self.at.lots.values():
            if scan.state != "DECLINED":
                days[scan.key].add(scan.expiry)
        assert all(len(some) == 1 for some in days.values())
