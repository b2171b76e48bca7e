"""Random command sequences: line counts match their units, and events match the state."""

from collections import Counter
from collections.abc import Callable
from random import Random

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import initialize, invariant, rule

from services.receiving.receipts.domain.records import Discrepancy
from shared.contracts.commands import receiving as commands
from shared.contracts.envelope import Message
from shared.contracts.receiving import ReceiptLineCancelled, ReceiptLineExpected, ReceiptSerialsReceived
from shared.contracts.serials import SerialAdjusted
from shared.contracts.upstream import AsnCancelled
from tests.support.messages.reference import product_changed
from tests.unit.receiving import steps
from tests.unit.receiving.lot_machine import RECEIPTS, SESSIONS, USERS, LotReceivingMachine

NUMBERS = st.sampled_from(["1", "1", "2"])
SKUS = st.sampled_from(["PUMP", "PUMP", "PUMP", "SCREW", "LATE"])
SERIALS = st.lists(st.sampled_from(["a", "A", "b", "c", "d", "e"]), max_size=4, unique=True)
EXPIRIES = st.sampled_from([None, None, None, "2026-12-31", "2026-02-28"])
PARTS = [(1, 1), (1, 2), (2, 2), (1, 3), (3, 3)]
DOCUMENTS = st.tuples(RECEIPTS, st.sampled_from(PARTS)).map(lambda chosen: (chosen[0], *chosen[1]))
ONE_IN_EIGHT = st.integers(1, 8).map(lambda number: number == 7)
ON_HAND_STATUSES = {"SCANNED", "ON_HAND"}


class ReceivingMachine(LotReceivingMachine):
    """Three receipts, three serial-tracked products (one defined late), milk in lots, two users."""

    def __init__(self) -> None:
        super().__init__()
        self.versions: dict[tuple[str, str], int] = {}
        self.expected_receipts: dict[tuple[str, str], str] = {}
        self.received_serials: set[tuple[str, str]] = set()

    def apply_events(self, events: list[Message]) -> None:
        """Apply events as the serials service does."""
        for event in events:
            self.apply_lot_event(event)
            if not isinstance(event, ReceiptLineExpected | ReceiptLineCancelled | ReceiptSerialsReceived):
                continue
            for serial, version in zip(event.serials, event.versions, strict=True):
                key = (event.sku, serial)
                assert version > self.versions.get(key, 0), f"{event.TYPE} {key} has an outdated version"
                assert key not in self.received_serials, f"{event.TYPE} of {key}, which was received (S18)"
                self.versions[key] = version
                self.apply_serial_event(event, key)

    def apply_serial_event(
        self, event: ReceiptLineExpected | ReceiptLineCancelled | ReceiptSerialsReceived, key: tuple[str, str]
    ) -> None:
        """Apply an event to one unit."""
        if isinstance(event, ReceiptLineExpected):
            assert key not in self.expected_receipts, (
                f"{key} is expected on {event.receipt} and on {self.expected_receipts[key]}"
            )
            self.expected_receipts[key] = event.receipt
        elif isinstance(event, ReceiptLineCancelled):
            assert self.expected_receipts.pop(key) == event.receipt
        else:
            self.expected_receipts.pop(key, None)
            self.received_serials.add(key)

    @rule(document=DOCUMENTS, number=NUMBERS, sku=SKUS, serials=SERIALS, unlisted=st.integers(0, 2))
    def announce(
        self, document: tuple[str, int, int], number: str, sku: str, serials: list[str], unlisted: int
    ) -> None:
        """Announce a receipt or a part of it, twice: the second time changes nothing."""
        asn_line = steps.asn_line(serials, len(serials) + unlisted or 1, number, sku)
        receipt, part, parts = document
        is_awaited = bool(self.service.uow.waiting.events_of(receipt))
        result = steps.announce_receipt(self.service, receipt, asn_line, part=part, parts=parts)
        self.assert_all_or_nothing(result)
        if result.body is not None and not is_awaited:  # the repetition would replace what an amendment said
            repeated = steps.announce_receipt(self.service, receipt, asn_line, part=part, parts=parts)
            assert (list(repeated.violations), list(repeated.events)) == ([], [])

    @rule(receipt=RECEIPTS, number=NUMBERS, sku=SKUS, serials=SERIALS, unlisted=st.integers(0, 2))
    def amend(self, receipt: str, number: str, sku: str, serials: list[str], unlisted: int) -> None:
        """Amend a line of an ASN."""
        asn_line = steps.asn_line(serials, 1, number, sku) | {"quantity": len(serials) + unlisted}
        self.assert_all_or_nothing(steps.amend_receipt(self.service, receipt, asn_line))

    @initialize()
    def begin(self) -> None:
        """Announce two receipts; the third is not known yet."""
        for receipt, serials in (("R1", ["a", "b", "c"]), ("R2", ["d"])):
            self.assert_all_or_nothing(steps.announce_receipt(self.service, receipt, steps.asn_line(serials, 5)))

    @rule(receipt=RECEIPTS, is_rare_case=ONE_IN_EIGHT)
    def cancel(self, receipt: str, *, is_rare_case: bool) -> None:
        """Cancel an ASN."""
        if is_rare_case:
            self.assert_all_or_nothing(self.service.handle_command(AsnCancelled(receipt=receipt)))

    @rule(
        receipt=RECEIPTS, session=SESSIONS, sku=SKUS, serials=SERIALS.filter(bool), actor=USERS, expiry=EXPIRIES
    )  # fmt: skip
    def scan(
        self, receipt: str, session: str, sku: str, serials: list[str], actor: str, *, expiry: str | None = None
    ) -> None:
        """Scan units, some of them expired."""
        self.assert_all_or_nothing(
            steps.scan_serials(self.service, receipt, *serials, session=session, sku=sku, actor=actor, expiry=expiry)
        )

    @rule(receipt=RECEIPTS, session=SESSIONS, sku=SKUS, serials=SERIALS.filter(bool), actor=USERS)
    def undo(self, receipt: str, session: str, sku: str, serials: list[str], actor: str) -> None:
        """Undo scans."""
        command = commands.UndoScan(receipt=receipt, session=session, sku=sku, serials=serials)
        self.assert_all_or_nothing(self.service.handle_command(command, actor))

    @rule(
        receipt=RECEIPTS,
        session=SESSIONS,
        actor=USERS,
        command_class=st.sampled_from([commands.ConfirmSession, commands.DiscardSession, commands.TakeOverSession]),
    )
    def end_session(self, receipt: str, session: str, actor: str, command_class: type[commands.ConfirmSession]) -> None:
        """Confirm, discard or take over a session."""
        self.assert_all_or_nothing(self.service.handle_command(command_class(receipt=receipt, session=session), actor))

    @rule(receipt=RECEIPTS, session=SESSIONS)
    def confirm_session(self, receipt: str, session: str) -> None:
        """Confirm a session as its owner."""
        if open_session := self.service.uow.sessions.get((receipt, session)):
            self.assert_all_or_nothing(steps.confirm_session(self.service, receipt, session, open_session.owner))

    @rule(receipt=RECEIPTS, is_rare_case=ONE_IN_EIGHT, is_decided=st.booleans())
    def close(self, receipt: str, *, is_rare_case: bool, is_decided: bool = True) -> None:
        """Close a receipt, mostly after its open discrepancies are voided."""
        if is_rare_case:
            for discrepancy in list(self.service.uow.discrepancies_by_receipt[receipt]):
                if is_decided and discrepancy.resolution is None:
                    self.resolve_one(discrepancy, "VOID", None)
            self.assert_all_or_nothing(self.service.handle_command(commands.CloseReceipt(receipt=receipt)))

    @rule(
        pick=st.integers(0, 99),
        resolution=st.sampled_from(["ACCEPT", "MATCH", "VOID", "RETURN_TO_VENDOR"]),
        match_to=st.sampled_from([None, "a", "b"]),
    )
    def resolve(self, pick: int, resolution: str, match_to: str | None) -> None:
        """Resolve a discrepancy."""
        if discrepancies := list(self.service.uow.discrepancies):
            self.resolve_one(discrepancies[pick % len(discrepancies)], resolution, match_to)

    def resolve_one(self, discrepancy: Discrepancy, resolution: str, match_to: str | None) -> None:
        """Resolve this discrepancy."""
        fields = {"receipt": discrepancy.receipt, "discrepancy": discrepancy.discrepancy, "resolution": resolution}
        fields |= {"match_to": match_to} if match_to and resolution == "MATCH" else {}
        command = commands.ResolveDiscrepancy.model_validate(fields | {"reason": "seen"})
        self.assert_all_or_nothing(self.service.handle_command(command))

    @rule()
    def define(self) -> None:
        """Define the late product."""
        self.service.define_product("LATE", "SERIAL")
        self.apply_events(self.service.handle_event(product_changed("LATE", "SERIAL")))

    @rule(sku=SKUS, serials=SERIALS)
    def void(self, sku: str, serials: list[str]) -> None:
        """Void units that are on hand."""
        on_hand = [serial for serial in serials if steps.unit_status(self.service, serial, sku) == "ON_HAND"]
        self.service.handle(SerialAdjusted(sku=sku, serials=on_hand, adjustment="VOID", reason="wrong"))

    @invariant()
    def line_counts_match_units(self) -> None:
        """Line counts equal the number of their units; listed serials match on open receipts."""
        counts: Counter[tuple[str, str, str]] = Counter()
        for unit in self.service.uow.units:
            line_key = (unit.receipt or "", unit.line or "")
            counts[*line_key, unit.status] += 1
            counts[*line_key, "listed"] += unit.is_listed and unit.status in ON_HAND_STATUSES | {"EXPECTED"}
            counts[*line_key, "unlisted"] += not unit.is_listed and unit.status in ON_HAND_STATUSES
        for line in self.service.uow.lines:
            if line.sku == "MILK":
                continue
            assert (int(line.scanned), int(line.received), line.unlisted_units) == (
                counts[*line.key, "SCANNED"], counts[*line.key, "ON_HAND"], counts[*line.key, "unlisted"],
            )  # fmt: skip
            if self.service.uow.receipts[line.receipt].status in {"PLANNED", "IN_PROGRESS"}:
                assert line.listed_serials == counts[*line.key, "listed"] <= line.expected_quantity

    @invariant()
    def published_events_match_state(self) -> None:
        """Published expectations equal the state, except for lines that await their product."""
        expected = {
            (unit.sku, unit.serial): unit.receipt
            for unit in self.service.uow.units
            if unit.is_listed
            and unit.status in {"EXPECTED", "SCANNED"}
            and not self._is_awaiting_product(unit.receipt, unit.line)
        }
        assert expected == self.expected_receipts
        on_hand = {(unit.sku, unit.serial) for unit in self.service.uow.units if unit.status in {"ON_HAND", "VOID"}}
        assert on_hand == self.received_serials

    def _is_awaiting_product(self, receipt: str | None, line: str | None) -> bool:
        return self.service.uow.lines[receipt or "", line or ""].awaiting_product

    @invariant()
    def scans_belong_to_open_sessions(self) -> None:
        """Scans belong to open sessions, and open sessions to receipts in progress."""
        for unit in self.service.uow.units:
            if unit.status == "SCANNED":
                assert self.service.uow.sessions[unit.receipt or "", unit.session or ""].status == "OPEN"
        for unmatched_scan in self.service.uow.unmatched_scans:
            assert self.service.uow.sessions[unmatched_scan.receipt, unmatched_scan.session].status == "OPEN"
        for session in self.service.uow.sessions:
            assert session.status != "OPEN" or self.service.uow.receipts[session.receipt].status == "IN_PROGRESS"


ReceivingMachine.TestCase.settings = settings(max_examples=40, stateful_step_count=30, deadline=None)
TestReceiving = ReceivingMachine.TestCase
TestReceiving.__doc__ = (
    "No order of commands breaks line counts, versions or the uniqueness of serials (S14, S16, S18, S23)."
)


def run_random_step(machine: ReceivingMachine, rng: Random) -> None:
    """Run one random step: mostly announce, scan and confirm, rarely other commands."""
    receipt, session = f"R{rng.randint(1, 6)}", rng.choice(["S1", "S2", "S3", "S4"])
    actor = rng.choice([steps.ANNA, steps.ANNA, steps.BEN])
    sku = rng.choice(["PUMP", "PUMP", "SCREW", "LATE"])
    number, serials = ("1" if sku == "PUMP" else "2"), rng.sample("aAbcdefgh", rng.randint(1, 4))
    lots, quantity = rng.choices("LlMN", k=rng.randint(1, 3)), rng.choice(["0.5", "1", "3", "7.25"])
    expiry = rng.choice(["2026-12-31"] * 5 + ["2026-12-30", "2026-02-28", None])
    weighted_steps: list[tuple[int, Callable[[], None]]] = [
        (20, lambda: machine.announce((receipt, *rng.choice(PARTS)), number, sku, serials, rng.randint(0, 2))),
        (40, lambda: machine.scan(receipt, session, sku, serials, actor)),
        (4, lambda: machine.scan(receipt, session, sku, serials, actor, expiry="2026-02-28")),
        (15, lambda: machine.confirm_session(receipt, session)),
        (
            8,
            lambda: machine.resolve(rng.randint(0, 99), rng.choice(["ACCEPT", "MATCH"]), rng.choice([None, "a", "b"])),
        ),
        (8, lambda: machine.announce_milk(receipt, quantity)),
        (20, lambda: machine.scan_lots(receipt, session, lots, (quantity, expiry), actor)),
        (3, lambda: machine.undo_lots(receipt, session, lots, actor)),
        (4, lambda: machine.undo(receipt, session, sku, serials, actor)),
        (4, lambda: machine.amend(receipt, number, sku, serials, rng.randint(0, 1))),
        (4, lambda: machine.void(sku, serials)),
        (
            3,
            lambda: machine.end_session(
                receipt, session, actor, rng.choice([commands.DiscardSession, commands.TakeOverSession])
            ),
        ),
        (2, lambda: machine.cancel(receipt, is_rare_case=True)),
        (2, lambda: machine.close(receipt, is_rare_case=True, is_decided=rng.random() < 0.3)),
        (1, machine.define),
    ]
    (action,) = rng.choices([action for _, action in weighted_steps], [weight for weight, _ in weighted_steps])
    action()


@pytest.mark.parametrize("seed", range(8))
def test_long_random_runs_keep_invariants(seed: int) -> None:
    """Long runs reach states that short ones do not; each step keeps every invariant (S14, S16, S18)."""
    machine, rng = ReceivingMachine(), Random(seed)  # noqa: S311 - reproducible, not cryptographic
    for _ in range(400):
        run_random_step(machine, rng)
        machine.line_counts_match_units()
        machine.published_events_match_state()
        machine.scans_belong_to_open_sessions()
        machine.line_totals_match_lot_scans()
        machine.each_lot_has_one_expiry()
        machine.goods_are_rejected_once()
        machine.closed_receipts_are_decided()
    assert machine.received_serials
    assert machine.received_lots
