"""Serial numbers that are easily misread name the expected one that they resemble (S14, S18)."""

import pytest

from services.receiving.receipts.domain.look_alikes import look_alike_key
from shared.contracts.commands import receiving as commands
from tests.support.in_memory.receiving import InMemoryReceiving
from tests.unit.receiving.steps import (
    announce_receipt,
    asn_line,
    confirm_session,
    error_codes,
    scan_serials,
    scan_statuses,
    unit_status,
)

EXPECTED = "SN-10 O5l"


@pytest.fixture
def service() -> InMemoryReceiving:
    """R1 expects the serial number EXPECTED and a further unit."""
    service = InMemoryReceiving()
    announce_receipt(service, "R1", asn_line([EXPECTED], quantity=2))
    return service


@pytest.mark.parametrize("scanned", ["sn-10 o5l", "SN10O5l", "SN-1O 05l", "SN-10 051", "SN--IO-05I", "sn lo 051"])
def test_misread_serial_names_the_expected_one(service: InMemoryReceiving, scanned: str) -> None:
    """Case, blanks, hyphens, O and 0, I, l and 1 are set aside; MATCH receives the expected unit by default."""
    result = scan_serials(service, "R1", scanned)
    assert scan_statuses(result) == ["CASE_MISMATCH"]
    assert result.body.scan_results[0].conflicting_value == EXPECTED  # type: ignore[union-attr]
    (discrepancy,) = confirm_session(service, "R1").body.discrepancies  # type: ignore[union-attr]
    fields = {"receipt": "R1", "discrepancy": discrepancy, "resolution": "MATCH", "reason": "misread"}
    assert error_codes(service.handle_command(commands.ResolveDiscrepancy.model_validate(fields))) == []
    assert (unit_status(service, EXPECTED), unit_status(service, scanned)) == ("ON_HAND", "INACTIVE")


def test_only_serials_that_are_still_expected_here_are_named(service: InMemoryReceiving) -> None:
    """Other numbers are new units, as are look-alikes of what has arrived or is expected elsewhere."""
    announce_receipt(service, "R2", asn_line(["0-0"]))
    assert scan_statuses(scan_serials(service, "R1", EXPECTED, "OO")) == ["ACCEPTED", "ACCEPTED"]
    announce_receipt(service, "R3", kind="BLIND")
    assert scan_statuses(scan_serials(service, "R3", "SN10O51")) == ["ACCEPTED"]


@pytest.mark.parametrize("other", ["SN-10 O5", "SN-20 O5l", "SN-10 Q5l", "SN.10 O5l", "SN_10 O5l"])
def test_other_characters_tell_serials_apart(other: str) -> None:
    """Only the named characters are taken for each other."""
    assert look_alike_key(other) != look_alike_key(EXPECTED)
