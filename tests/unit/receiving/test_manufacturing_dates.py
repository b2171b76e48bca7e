"""Manufacturing dates on labels, from which warranty and shelf life may start: nothing at hand is made tomorrow."""

from datetime import date
from typing import Any

import pytest
from pydantic import ValidationError

from shared.contracts.commands.receiving import ResolveDiscrepancy, ScanItems
from shared.contracts.product_attributes import ShelfLifePolicy
from shared.contracts.receiving import ReceiptLotsReceived, ReceiptSerialsReceived
from tests.support.in_memory.receiving import InMemoryReceiving
from tests.unit.receiving.steps import (
    announce_receipt,
    asn_line,
    confirm_session,
    error_codes,
    scan_lots,
    scan_serials,
    scan_statuses,
    scanned_lot,
)

TODAY, TOMORROW = "2026-03-01", "2026-03-02"


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


@pytest.fixture
def service() -> InMemoryReceiving:
    """VALVE is serial-tracked, MILK lot-tracked; both live 30 days. It is 1 March 2026."""
    service = InMemoryReceiving()
    for sku in ("VALVE", "MILK"):
        policy = ShelfLifePolicy(shelf_life_days=30, expiry_required=False)
        service.define_product(sku, "SERIAL" if sku == "VALVE" else "LOT", policy)
    return service


def test_goods_at_hand_were_not_made_tomorrow(service: InMemoryReceiving) -> None:
    """A date later than today in the warehouse would lengthen shelf life and warranty: it is refused (S24, S46)."""
    announce_receipt(service, "R1", asn_line(["V"], sku="VALVE"), asn_line(quantity=9, number="2", sku="MILK"))
    refused = scan_serials(service, "R1", "V", sku="VALVE", manufactured_on=TOMORROW)
    assert error_codes(refused) == ["manufactured_in_future"]
    assert refused.violations[0].detail == f"VALVE cannot be made on {TOMORROW}: today is {TODAY}"
    assert scan_statuses(scan_serials(service, "R1", "V", sku="VALVE", manufactured_on=TODAY)) == ["ACCEPTED"]
    lots = (scanned_lot("A", 1, None, manufactured_on=TOMORROW), scanned_lot("B", 1, None, manufactured_on=TODAY))
    result = scan_lots(service, "R1", *lots)
    assert scan_statuses(result) == ["MANUFACTURED_IN_FUTURE", "ACCEPTED"]
    assert (error_codes(result), result.violations[0].ids) == (["manufactured_in_future"], ["A"])
    assert result.violations[0].detail == f"1 of 2 scans: made on {TOMORROW}, later than today, {TODAY}"


@pytest.mark.parametrize("warehouse", ["EAST", "WEST"])
def test_today_is_that_of_the_warehouse(service: InMemoryReceiving, warehouse: str) -> None:
    """A warehouse further east has the next day earlier; one without a definition may be anywhere."""
    service.uow.warehouses.put(service.uow.warehouses["EAST"]._replace(time_zone="Pacific/Kiritimati"))
    service.now = service.uow.now = service.now.replace(hour=12)
    announce_receipt(service, "R1", asn_line(["V"], sku="VALVE"), warehouse=warehouse)
    scan = {"sku": "VALVE", "location": f"{warehouse}/DOCK", "manufactured_on": TOMORROW}
    assert scan_statuses(scan_serials(service, "R1", "V", **scan)) == ["ACCEPTED"]


ANNOUNCED = {"lot": "L-1", "manufactured_on": TOMORROW}


@pytest.mark.parametrize(
    ("sku", "announced"), [("VALVE", {"serials": ["V"]}), ("VALVE", {"quantity": 1}), ("MILK", {"quantity": 1})]
)
def test_announced_date_to_come_is_not_taken_over(
    service: InMemoryReceiving, sku: str, announced: dict[str, Any]
) -> None:
    """Goods may be announced before they are made; at hand, the date is a contradiction, and is never received."""
    announce_receipt(service, "R1", asn_line(quantity=1, sku=sku) | {"lots": [ANNOUNCED | announced]})
    result = (
        scan_lots(service, "R1", scanned_lot("L-1", 1, None))
        if sku == "MILK"
        else scan_serials(service, "R1", "V", sku=sku, lot="L-1")
    )
    assert scan_statuses(result) == ["NOT_AS_ANNOUNCED"]
    confirm_session(service, "R1")
    [discrepancy] = service.uow.discrepancies
    assert discrepancy.conflicting_value == f"manufactured_on {TOMORROW}"
    accepted = service.handle_command(
        ResolveDiscrepancy(
            receipt="R1", discrepancy=discrepancy.discrepancy, resolution="ACCEPT", reason="no date on the label"
        )
    )
    [received] = [event for event in accepted.events if isinstance(event, ReceiptSerialsReceived | ReceiptLotsReceived)]
    goods = received if isinstance(received, ReceiptSerialsReceived) else received.lots[0]
    assert (goods.manufactured_on, goods.expiry) == (None, None)
