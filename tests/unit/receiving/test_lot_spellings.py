"""Lot numbers that differ only in case or blanks are one lot, unless a supervisor accepts two (S25)."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.contracts.commands import receiving as commands
from shared.contracts.lot_corrections import LotNumberCorrected
from shared.contracts.receiving import DiscrepancyFound, ReceiptLotsReceived, ReceiptSerialsReceived
from shared.contracts.serials import SerialLotCorrected
from shared.identifiers import fold_lot
from shared.unit_of_work import CommandResult
from tests.support.in_memory.receiving import InMemoryReceiving
from tests.unit.receiving.steps import (
    announce_receipt,
    asn_line,
    confirm_session,
    error_codes,
    received_lots,
    scan_lots,
    scan_serials,
    scan_statuses,
    scanned_and_received,
    scanned_lot,
    service_with_announced_lots,
    unit_status,
)
from tests.unit.receiving.test_lot_returns import dispose_lots, lots_shipped_event, receive_lots

KNOWN, OTHER = "AB 10/x", "ab  10/X"


@pytest.fixture
def service() -> InMemoryReceiving:
    """R1 expects 100 of milk; the lot KNOWN of milk was received on R0."""
    service = service_with_announced_lots()
    announce_receipt(service, "R0", kind="BLIND")
    scan_lots(service, "R0", scanned_lot(KNOWN))
    confirm_session(service, "R0")
    return service


def resolve(service: InMemoryReceiving, resolution: str, **overrides: str) -> CommandResult:
    """Resolve the only open discrepancy."""
    (found,) = (row for row in service.uow.discrepancies if row.resolution is None)
    fields = {"receipt": found.receipt, "discrepancy": found.discrepancy, "resolution": resolution, "reason": "seen"}
    return service.handle_command(commands.ResolveDiscrepancy.model_validate(fields | overrides))


def lots_in_house(service: InMemoryReceiving) -> set[tuple[str, str]]:
    """Product and number of each received lot."""
    return {(known.sku, known.lot) for known in service.uow.known_lots}


@pytest.mark.parametrize("spelling", [OTHER, KNOWN.upper(), KNOWN.lower(), "AB  10/x"])
def test_another_spelling_is_a_discrepancy_that_suggests_the_known_lot(
    service: InMemoryReceiving, spelling: str
) -> None:
    """A scan in another spelling is set aside; nothing of it is received before a supervisor decides (S16, S25)."""
    result = scan_lots(service, "R1", scanned_lot(spelling, 5))
    assert scan_statuses(result) == ["LOT_CASE_MISMATCH"]
    assert result.body.lots[0].conflicting_value == KNOWN  # type: ignore[union-attr]
    assert scanned_and_received(service) == (0, 0)
    (found,) = [event for event in confirm_session(service, "R1").events if isinstance(event, DiscrepancyFound)]
    assert (found.kind, found.lot, int(found.quantity)) == ("LOT_CASE_MISMATCH", spelling, 5)
    assert KNOWN in found.detail
    assert received_lots(resolve(service, "MATCH")) == [("1", [(KNOWN, 5)])]
    assert lots_in_house(service) == {("MILK", KNOWN)}
    assert scanned_and_received(service) == (0, 5)


def test_supervisor_accepts_a_lot_of_its_own(service: InMemoryReceiving) -> None:
    """With a reason, the number is a second lot; from then on each of the two is meant by its exact number."""
    scan_lots(service, "R1", scanned_lot(OTHER, 5))
    confirm_session(service, "R1")
    result = resolve(service, "ACCEPT")
    assert received_lots(result) == [("1", [(OTHER, 5)])]
    assert result.body.lot == OTHER  # type: ignore[union-attr]
    scans = [scanned_lot(KNOWN, 1)], [scanned_lot(OTHER, 1)], [scanned_lot(KNOWN.upper(), 1)]
    statuses = [scan_statuses(scan_lots(service, "R1", *lots, session="S2")) for lots in scans]
    assert statuses == [["ACCEPTED"], ["ACCEPTED"], ["LOT_CASE_MISMATCH"]]
    confirm_session(service, "R1", "S2")
    assert error_codes(resolve(service, "MATCH", match_to="AB-10")) == ["resolution_without_effect"]
    assert received_lots(resolve(service, "MATCH", match_to=OTHER)) == [("1", [(OTHER, 1)])]


@pytest.mark.parametrize("resolution", ["RETURN_TO_VENDOR", "VOID"])
def test_goods_of_another_spelling_may_go_back(service: InMemoryReceiving, resolution: str) -> None:
    """Goods that are not received make no lot."""
    scan_lots(service, "R1", scanned_lot(OTHER, 5))
    confirm_session(service, "R1")
    assert received_lots(resolve(service, resolution)) == []
    assert lots_in_house(service) == {("MILK", KNOWN)}


def test_zeros_hyphens_and_other_products_count(service: InMemoryReceiving) -> None:
    """Other numbers, and the number of another product, are lots of their own."""
    service.define_product("CREAM", "LOT")
    lots = [scanned_lot(number, 1) for number in ("AB 010/x", "AB-10/x", "AB10/x", "AB 10x")]
    assert set(scan_statuses(scan_lots(service, "R1", *lots))) == {"ACCEPTED"}
    announce_receipt(service, "R2", kind="BLIND")
    assert scan_statuses(scan_lots(service, "R2", scanned_lot(OTHER), sku="CREAM")) == ["ACCEPTED"]


def test_scans_of_one_receipt_are_compared(service: InMemoryReceiving) -> None:
    """A number scanned on the receipt is known there, until its scan is undone, which takes any spelling."""
    assert scan_statuses(scan_lots(service, "R1", scanned_lot("N-1"))) == ["ACCEPTED"]
    assert scan_statuses(scan_lots(service, "R1", scanned_lot("n-1"), session="S2")) == ["LOT_CASE_MISMATCH"]
    for session in ("S", "S2"):
        undo = commands.UndoScan(receipt="R1", session=session, sku="MILK", lots=["N-1"])
        assert error_codes(service.handle_command(undo)) == []
    assert scan_statuses(scan_lots(service, "R1", scanned_lot("n-1"))) == ["ACCEPTED"]
    assert error_codes(scan_lots(service, "R1", scanned_lot("z"), scanned_lot("Z"))) == ["duplicate_lot_in_request"]


def test_first_confirmed_receipt_names_the_lot() -> None:
    """Of two receipts that scan two spellings at once, the second finds a discrepancy when it is confirmed."""
    service = service_with_announced_lots()
    announce_receipt(service, "R2", kind="BLIND")
    for receipt, number in (("R1", "n-1"), ("R2", "N-1")):
        assert scan_statuses(scan_lots(service, receipt, scanned_lot(number, 5))) == ["ACCEPTED"]
    assert received_lots(confirm_session(service, "R2")) == [("+1", [("N-1", 5)])]
    assert received_lots(confirm_session(service, "R1")) == []
    assert scanned_and_received(service) == (0, 0)
    assert received_lots(resolve(service, "MATCH")) == [("1", [("N-1", 5)])]


def test_units_carry_the_known_lot() -> None:
    """Units scanned with another spelling of a lot are set aside, at the scan or at the confirmation (S24, S25)."""
    service = InMemoryReceiving()
    announce_receipt(service, "R1", asn_line(["A", "B"], quantity=4))
    announce_receipt(service, "R2", kind="BLIND")
    scan_serials(service, "R1", "A", "U", lot="n-1", manufactured_on="2026-01-15")
    scan_serials(service, "R2", "C", lot="N-1")
    confirm_session(service, "R2")
    assert scan_statuses(scan_serials(service, "R1", "B", lot="n-1")) == ["LOT_CASE_MISMATCH"]
    result = confirm_session(service, "R1")
    assert not [event for event in result.events if isinstance(event, ReceiptSerialsReceived)]
    assert [unit_status(service, serial) for serial in ("A", "U", "B")] == ["EXPECTED", "INACTIVE", "EXPECTED"]
    for found in [row for row in service.uow.discrepancies if row.resolution is None]:
        fields = {"receipt": "R1", "discrepancy": found.discrepancy, "resolution": "MATCH", "reason": "seen"}
        assert error_codes(service.handle_command(commands.ResolveDiscrepancy.model_validate(fields))) == []
    assert {service.uow.get_unit("PUMP", serial).lot for serial in ("A", "U", "B", "C")} == {"N-1"}
    made_on = [service.uow.get_unit("PUMP", serial).manufactured_on for serial in ("A", "U", "B")]
    assert made_on == [date(2026, 1, 15), date(2026, 1, 15), None]
    line = service.uow.lines["R1", "1"]
    assert (int(line.scanned), int(line.received), line.unlisted_units) == (0, 3, 1)


def test_other_resolutions_take_the_known_lot(service: InMemoryReceiving) -> None:
    """Unexpected goods that are accepted after their lot became known otherwise are received under the known number."""
    service.define_product("CREAM", "LOT")
    scan_lots(service, "R1", scanned_lot("c-1", 5), sku="CREAM")
    confirm_session(service, "R1")
    scan_lots(service, "R0", scanned_lot("C-1", 1), sku="CREAM", session="S2")
    confirm_session(service, "R0", "S2")
    assert received_lots(resolve(service, "ACCEPT")) == [("+1", [("C-1", 5)])]


def test_a_corrected_number_is_known(service: InMemoryReceiving) -> None:
    """A later receipt in another spelling of a number that a correction gave is set aside, too (S25)."""
    service.handle(LotNumberCorrected(sku="MILK", from_lot=KNOWN, lot="Q-7", quantity=Decimal(5), reason="misread"))
    assert scan_statuses(scan_lots(service, "R1", scanned_lot("q-7", 5))) == ["LOT_CASE_MISMATCH"]
    assert {scan.known_lot for scan in service.uow.lot_scans if scan.lot == "q-7"} == {"Q-7"}
    assert scan_statuses(scan_lots(service, "R1", scanned_lot("Q-7", 5))) == ["ACCEPTED"]


def test_returned_lot_is_the_shipped_one() -> None:
    """A return and its disposition take a shipped lot in any spelling, and name the shipped one."""
    service = InMemoryReceiving()
    service.handle(lots_shipped_event("SO", "CLINIC", L1=6))
    result = receive_lots(service, {"l1": 5})
    assert (error_codes(result), [lot.lot for lot in result.body.lots]) == ([], ["L1"])  # type: ignore[union-attr]
    result = dispose_lots(service, {"l1": 5})
    assert (error_codes(result), [lot.lot for lot in result.body.lots]) == ([], ["L1"])  # type: ignore[union-attr]


def test_return_of_an_ambiguous_lot_names_the_shipped_ones() -> None:
    """A number that fits two shipped lots is refused; an exact one is not."""
    service = InMemoryReceiving()
    service.handle(lots_shipped_event("SO", "CLINIC", AB=6, ab=6))
    result = receive_lots(service, {"Ab": 5})
    assert (error_codes(result), result.violations[0].suggested) == (["lot_ambiguous"], ["AB", "ab"])
    assert error_codes(receive_lots(service, {"ab": 5})) == []


def respellings(lot: str) -> st.SearchStrategy[str]:
    """The spellings of a lot in any case, with more blanks at each blank."""
    letters = [st.sampled_from(sorted({char.lower(), char.upper()})) for char in lot]
    return st.tuples(*letters, st.integers(1, 3)).map(lambda parts: "".join(parts[:-1]).replace(" ", " " * parts[-1]))


@st.composite
def arrivals(draw: st.DrawFn) -> list[tuple[str, str, bool]]:
    """Receipt and spelling of several scans of one lot, and whether the session is confirmed at once."""
    lot = draw(st.text("aB 1-", min_size=1, max_size=6).map(str.strip).filter(bool))
    scan = st.tuples(st.sampled_from(["R1", "R2", "R3"]), respellings(lot), st.booleans())
    return draw(st.lists(scan, min_size=2, max_size=6))


@given(arrivals())
def test_no_second_lot_in_silence(scans: list[tuple[str, str, bool]]) -> None:
    """However a lot is spelled, on whichever receipts and in whichever order, one lot of it is received (S25)."""
    service = InMemoryReceiving()
    for receipt in ("R1", "R2", "R3"):
        announce_receipt(service, receipt, kind="BLIND")
    received: set[str] = set()
    for number, (receipt, spelling, is_confirmed) in enumerate(scans):
        scan_lots(service, receipt, scanned_lot(spelling, 1), session=f"S{number}")
        if is_confirmed:
            received |= set(_received(confirm_session(service, receipt, f"S{number}")))
    for number, (receipt, _, is_confirmed) in enumerate(scans):
        if not is_confirmed:
            received |= set(_received(confirm_session(service, receipt, f"S{number}")))
    assert len(received) == 1
    assert {fold_lot(lot) for lot in received} == {fold_lot(scans[0][1])}


def _received(result: CommandResult) -> Iterator[str]:
    for event in result.events:
        if isinstance(event, ReceiptLotsReceived):
            yield from (lot.lot for lot in event.lots)


def test_corrected_number_is_a_known_lot() -> None:
    """A later scan of the right number, of another spelling and of the wrong number are told apart (S22, S25)."""
    service = service_with_announced_lots()
    scan_lots(service, "R1", scanned_lot("ab 1", 10))
    confirm_session(service, "R1")
    service.handle(
        LotNumberCorrected(sku="MILK", from_lot="ab 1", lot="AB1", quantity=Decimal(10), reason="misread", stock=[]),
        LotNumberCorrected(sku="MILK", from_lot="L-7", lot="L-9", quantity=Decimal(1), reason="misread", stock=[]),
    )
    statuses = {
        lot: scan_statuses(scan_lots(service, "R1", scanned_lot(lot, 1), session="S2"))[0]
        for lot in ("AB1", "ab 1", "l-9", "L-9")
    }
    assert statuses == {"AB1": "ACCEPTED", "ab 1": "ACCEPTED", "l-9": "LOT_CASE_MISMATCH", "L-9": "ACCEPTED"}
    assert [(row.from_lot, row.lot) for row in service.uow.lot_corrections] == [("ab 1", "AB1"), ("L-7", "L-9")]


def test_corrected_number_of_units_is_a_known_lot() -> None:
    """Units get their right lot number in receiving, and its other spellings are a discrepancy (S22, S25)."""
    service = InMemoryReceiving()
    announce_receipt(service, "R2", asn_line(["P-1", "P-2"]))
    scan_serials(service, "R2", "P-1", lot="L-7")
    confirm_session(service, "R2")
    service.handle(SerialLotCorrected(sku="PUMP", serials=["P-1"], versions=[3], lot="L-9", reason="misread"))
    assert service.uow.get_unit("PUMP", "P-1").lot == "L-9"
    assert scan_statuses(scan_serials(service, "R2", "P-2", lot="l-9", session="S2")) == ["LOT_CASE_MISMATCH"]
