"""State machine for lots: milk, announced and scanned on the same receipts as serials."""

from collections import defaultdict
from decimal import Decimal

from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from shared.contracts.commands import receiving as commands
from shared.contracts.envelope import Message
from shared.contracts.receiving import DiscrepancyFound, ReceiptClosed, ReceiptLotsReceived
from shared.unit_of_work import CommandResult
from tests.support.in_memory.receiving import InMemoryReceiving
from tests.unit.receiving import steps

RECEIPTS = st.sampled_from(["R1", "R2", "R1", "R2", "R3"])
SESSIONS = st.sampled_from(["S1", "S1", "S2", "S3"])
USERS = st.sampled_from([steps.ANNA, steps.ANNA, steps.BEN])
LOTS = st.lists(st.sampled_from(["L", "l", "M"]), min_size=1, max_size=3)
QUANTITIES = st.sampled_from(["0.5", "1", "3", "7.25"])
DAYS = st.sampled_from(["2026-12-31", "2026-12-31", "2026-12-31", "2026-12-30", "2026-02-28", "2026-03-05", None])


class LotReceivingMachine(RuleBasedStateMachine):
    """Lots of milk and the events about them."""

    def __init__(self) -> None:
        super().__init__()
        self.service = InMemoryReceiving()
        self.highest_quantities: defaultdict[str, Decimal] = defaultdict(Decimal)
        """Highest announced quantity of milk by receipt."""
        self.received_lots: defaultdict[tuple[str, str, str], Decimal] = defaultdict(Decimal)

    def apply_events(self, events: list[Message]) -> None:
        """Apply events as a consumer does."""
        raise NotImplementedError

    def apply_lot_event(self, event: Message) -> None:
        """Apply lot events as the lots service does."""
        if isinstance(event, ReceiptLotsReceived):
            for received_lot in event.lots:
                self.received_lots[event.receipt, event.line, received_lot.lot] += received_lot.quantity
        if isinstance(event, ReceiptClosed) and event.status == "CLOSED":
            self.check_closing(event)

    def check_closing(self, event: ReceiptClosed) -> None:
        """Assert that each missing quantity is short or was rejected, and rejections are used up first."""
        for line in event.lines:
            assert line.short + line.rejected_quantity == max(line.announced - line.received, 0)
        missing = sum(line.short + line.rejected_quantity for line in event.lines if line.sku == "MILK")
        rejected = sum(
            float(discrepancy.quantity)
            for discrepancy in self.service.uow.discrepancies_by_receipt[event.receipt]
            if (discrepancy.resolution, discrepancy.sku) == ("REJECT", "MILK")
        )
        assert sum(line.rejected_quantity for line in event.lines if line.sku == "MILK") == min(missing, rejected)

    def assert_all_or_nothing(self, result: CommandResult) -> None:
        """Assert that the command was carried out, or rejected without any event but rejected goods."""
        assert result.body is not None or result.violations
        if result.body is None:
            decisions = [event.resolution for event in result.events if isinstance(event, DiscrepancyFound)]
            assert decisions == ["REJECT"] * len(result.events)
        self.apply_events(list(result.events))

    @invariant()
    def goods_are_rejected_once(self) -> None:
        """A session rejects a lot once, a receipt a serial number once."""
        keys = [
            (found.receipt, found.sku, found.serial or (found.session, found.lot))
            for found in self.service.uow.discrepancies
            if found.resolution == "REJECT"
        ]
        assert len(keys) == len(set(keys))
        assert all(self.service.uow.receipts[receipt].has_rejections for receipt, _, _ in keys)

    @invariant()
    def closed_receipts_are_decided(self) -> None:
        """No discrepancy of a closed receipt is open."""
        for discrepancy in self.service.uow.discrepancies:
            status = self.service.uow.receipts[discrepancy.receipt].status
            assert discrepancy.resolution is not None or status == "IN_PROGRESS"

    @rule(receipt=RECEIPTS, quantity=QUANTITIES)
    def announce_milk(self, receipt: str, quantity: str) -> None:
        """Announce a quantity of milk, in a part of its own."""
        self.highest_quantities[receipt] = max(self.highest_quantities[receipt], Decimal(quantity))
        self.assert_all_or_nothing(
            steps.announce_receipt(
                self.service, receipt, steps.asn_line(number="9", sku="MILK") | {"quantity": quantity}, part=4, parts=4
            )
        )

    @rule(receipt=RECEIPTS, session=SESSIONS, lots=LOTS, entry=st.tuples(QUANTITIES, DAYS), actor=USERS)
    def scan_lots(self, receipt: str, session: str, lots: list[str], entry: tuple[str, str | None], actor: str) -> None:
        """Scan lots."""
        entries = [steps.scanned_lot(lot, *entry) for lot in lots]
        self.assert_all_or_nothing(steps.scan_lots(self.service, receipt, *entries, session=session, actor=actor))

    @rule(receipt=RECEIPTS, session=SESSIONS, lots=LOTS, actor=USERS)
    def undo_lots(self, receipt: str, session: str, lots: list[str], actor: str) -> None:
        """Undo scans of lots."""
        command = commands.UndoScan(receipt=receipt, session=session, sku="MILK", lots=lots)
        self.assert_all_or_nothing(self.service.handle_command(command, actor))

    @invariant()
    def line_totals_match_lot_scans(self) -> None:
        """Line quantities equal those of their scans, and exceed the announced one only if accepted."""
        totals: defaultdict[tuple[str, str | None, str], Decimal] = defaultdict(Decimal)
        received_totals: defaultdict[tuple[str, str, str], Decimal] = defaultdict(Decimal)
        open_scans = {
            discrepancy.scan_id for discrepancy in self.service.uow.discrepancies if discrepancy.resolution is None
        }
        for scan in self.service.uow.lot_scans:
            totals[scan.receipt, scan.line, scan.status] += scan.quantity
            if scan.status == "RECEIVED":
                received_totals[scan.receipt, scan.line or "", scan.lot] += scan.quantity
            elif scan.status != "REJECTED":
                is_open = self.service.uow.sessions[scan.receipt, scan.session].status == "OPEN"
                assert is_open is not (scan.scan_id in open_scans), f"{scan} needs an open session or discrepancy"
        assert received_totals == self.received_lots
        for line in self.service.uow.lines:
            if line.sku == "MILK":
                assert line.scanned == totals[*line.key, "SCANNED"]
                assert line.received == totals[*line.key, "RECEIVED"]
                assert (line.listed_serials, line.unlisted_units) == (0, 0)
                is_within = line.scanned + line.received <= self.highest_quantities[line.receipt]
                assert is_within or self.has_accepted_excess(line.receipt)

    def has_accepted_excess(self, receipt: str) -> bool:
        """Whether a supervisor accepted an excess on a receipt."""
        return any(
            discrepancy.receipt == receipt and discrepancy.resolution == "ACCEPT"
            for discrepancy in self.service.uow.discrepancies
        )

    @invariant()
    def each_lot_has_one_expiry(self) -> None:
        """All scans of a lot on a receipt have the same expiry."""
        expiries_by_lot: defaultdict[tuple[str, str, str], set[object]] = defaultdict(set)
        for scan in self.service.uow.lot_scans:
            if scan.status != "REJECTED":
                expiries_by_lot[scan.receipt, scan.sku, scan.lot].add(scan.expiry)
        assert all(len(expiries) == 1 for expiries in expiries_by_lot.values())
