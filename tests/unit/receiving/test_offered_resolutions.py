"""The resolutions that a discrepancy offers are exactly those that are accepted."""

import re

import pytest

from services.receiving.receipts.domain.discrepancies import ALLOWED_RESOLUTIONS
from services.receiving.receipts.domain.offered_resolutions import DiscrepancyState, offered_resolutions
from services.receiving.receipts.domain.records import Discrepancy, UnitStatus
from tests.support.guide import read_table
from tests.support.in_memory.receiving import InMemoryReceiving
from tests.unit.receiving.test_resolutions import discrepancy_of, receipt_with_discrepancies, resolve


def state_of(service: InMemoryReceiving, discrepancy: Discrepancy, *, expects: bool) -> DiscrepancyState:
    """What decides about the offered resolutions, as the query of discrepancies reads it."""
    unit = service.uow.units.get((discrepancy.sku, discrepancy.serial or ""))
    receipt_status = service.uow.receipts[discrepancy.receipt].status
    return DiscrepancyState(
        discrepancy.kind, discrepancy.scan_id, discrepancy.resolution, receipt_status, unit and unit.status, expects
    )


EXPECTED = {"PUMP": "B", "SCREW": "T"}
"""The serial number of each product that R1 still expects."""


@pytest.mark.parametrize("status", [None, "EXPECTED", "SCANNED", "ON_HAND", "SHIPPED", "VOID"])
@pytest.mark.parametrize("expects", [True, False])
@pytest.mark.parametrize("kind", sorted(kind for kind, allowed in ALLOWED_RESOLUTIONS.items() if "MATCH" in allowed))
def test_exactly_the_offered_resolutions_are_accepted(kind: str, status: UnitStatus | None, *, expects: bool) -> None:
    """Over all kinds and states of the scanned unit, what is offered is accepted, and nothing else (S16, S18)."""
    for resolution in ("ACCEPT", "MATCH", "RETURN_TO_VENDOR", "VOID"):
        service = receipt_with_discrepancies()
        discrepancy, units = discrepancy_of(service, kind), service.uow.units
        for key in () if expects else EXPECTED.items():
            units.put(units[key].as_inactive())
        if status:
            scanned = service.uow.get_unit(discrepancy.sku, discrepancy.serial or "")
            units.put(scanned._replace(status=status, receipt="R1", line="1"))
        sku = discrepancy.conflicting_value or "" if kind == "WRONG_PRODUCT" else discrepancy.sku
        state = state_of(service, discrepancy, expects=expects and sku in EXPECTED)
        is_matched_to_unit = resolution == "MATCH" and kind != "LOT_CASE_MISMATCH"
        fields = {"match_to": EXPECTED[sku]} if is_matched_to_unit else {}
        result = resolve(service, discrepancy, resolution, **fields)
        assert (not result.violations) == (resolution in offered_resolutions(state)), (resolution, state, result)


def test_integration_guide_lists_the_resolutions() -> None:
    """The integration guide lists each kind of discrepancy with its resolutions."""
    listed = {
        row[0].strip("`"): set(re.findall(r"`(\w+)`", row[2]))
        for row in read_table("discrepancy", "meaning", "resolutions")
    }
    assert listed == {kind: set() if kind == "SHORT" else set(found) for kind, found in ALLOWED_RESOLUTIONS.items()}
