"""Manufacturing dates on the labels of serial numbers, from which a warranty may start."""

from datetime import date

import pytest
from pydantic import ValidationError

from shared.contracts.commands.receiving import ResolveDiscrepancy, ScanItems
from shared.contracts.receiving import ReceiptSerialsReceived
from tests.support.in_memory.receiving import InMemoryReceiving
from tests.unit.receiving.steps import announce_receipt, asn_line, confirm_session, scan_serials


def test_receipt_passes_on_the_date_of_each_label() -> None:
    """Accepted units and a unit that a supervisor accepts are received with the date on their label (S46)."""
    service = InMemoryReceiving()
    announce_receipt(service, "R1", asn_line(["A", "B", "C"]))
    scan_serials(service, "R1", "A", "B", manufactured_on="2026-01-15")
    scan_serials(service, "R1", "C", manufactured_on="2026-01-16")
    scan_serials(service, "R1", "X", manufactured_on="2026-01-17")
    confirm_session(service, "R1")
    [discrepancy] = service.uow.discrepancies
    service.handle_command(
        ResolveDiscrepancy(
            receipt="R1", discrepancy=discrepancy.discrepancy, resolution="ACCEPT", reason="one more than announced"
        )
    )
    received = {tuple(event.serials): event.manufactured_on for event in service.events_of(ReceiptSerialsReceived)}
    assert received == {
        ("A", "B"): date(2026, 1, 15), ("C",): date(2026, 1, 16), ("X",): date(2026, 1, 17),
    }  # fmt: skip


@pytest.mark.parametrize(
    "fields",
    [
        {"lots": [{"lot": "L-1", "quantity": 1}]},
        {"serials": ["A"], "expiry": "2026-01-14"},
    ],
)
def test_date_applies_to_serials_and_precedes_the_expiry(fields: dict[str, object]) -> None:
    """Lots have a date of their own each, and nothing expires before it is made."""
    scan = {"receipt": "R1", "session": "S", "sku": "PUMP", "location": "EAST/DOCK", "manufactured_on": "2026-01-15"}
    with pytest.raises(ValidationError):
        ScanItems.model_validate(scan | fields)
