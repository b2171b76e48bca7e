"""Expiry dates that are not on the label: from the best-before date, or the shelf life since manufacture."""

from datetime import date
from typing import Any

import pytest

from shared.contracts.commands.receiving import ResolveDiscrepancy
from shared.contracts.product_attributes import ShelfLifePolicy
from shared.contracts.receiving import ReceiptLotsReceived, ReceiptSerialsReceived
from shared.unit_of_work import CommandResult
from tests.support.in_memory.receiving import InMemoryReceiving
from tests.unit.receiving import steps
from tests.unit.receiving.steps import confirm_session, error_codes, scan_lots, scan_serials, scan_statuses, scanned_lot

RULES: Any = {"expiry_required": True, "min_remaining_shelf_life_at_receipt": 5}
BEST_BEFORE = ShelfLifePolicy(**RULES, expiry_basis="BEST_BEFORE")
DAYS_90 = ShelfLifePolicy(**RULES, shelf_life_days=90)
LABELS: list[Any] = [
    (BEST_BEFORE, {"best_before": "2026-08-01"}, "2026-08-01", "BEST_BEFORE"),
    (BEST_BEFORE, {"best_before": "2026-08-01", "expiry": "2026-09-01"}, "2026-08-01", "BEST_BEFORE"),
    (BEST_BEFORE, {"best_before": "2026-08-01", "expiry": "2026-07-01"}, "2026-07-01", None),
    (DAYS_90, {"manufactured_on": "2026-02-01"}, "2026-05-02", "SHELF_LIFE_DAYS"),
    (DAYS_90, {"manufactured_on": "2026-02-01", "expiry": "2026-04-01"}, "2026-04-01", None),
]
REJECTED: list[Any] = [
    (BEST_BEFORE, {"best_before": "2026-02-28"}, "expired", "expired on 2026-02-28"),
    (
        BEST_BEFORE,
        {"best_before": "2026-03-05"},
        "insufficient_shelf_life_at_receipt",
        "expires on 2026-03-05, 5 days must remain on arrival",
    ),
    (BEST_BEFORE, {"manufactured_on": "2026-02-01"}, "expiry_required", "expiry date missing"),
    (DAYS_90, {"manufactured_on": "2025-11-01"}, "expired", "expired on 2026-01-30"),
    (DAYS_90, {"best_before": "2026-08-01"}, "expiry_required", "expiry date missing"),
]


@pytest.fixture
def service() -> InMemoryReceiving:
    """R1 expects 100 of milk; VALVE needs an expiry. It is 1 March 2026."""
    return steps.service_with_announced_lots()


def scan(service: InMemoryReceiving, policy: ShelfLifePolicy, label: dict[str, Any], *, is_lot: bool) -> CommandResult:
    """Scan a lot of milk, or a valve on a receipt of its own."""
    if is_lot:
        service.define_product("MILK", "LOT", policy)
        return scan_lots(service, "R1", scanned_lot("L-1", 10, **{"expiry": None, **label}))
    service.define_product("VALVE", "SERIAL", policy)
    steps.announce_receipt(service, "R9", steps.asn_line(["V-1"], sku="VALVE"))
    return scan_serials(service, "R9", "V-1", sku="VALVE", **label)


@pytest.mark.parametrize("is_lot", [True, False])
@pytest.mark.parametrize(("policy", "label", "expiry", "source"), LABELS)
def test_the_event_and_the_answer_name_the_date_and_its_source(
    service: InMemoryReceiving,
    policy: ShelfLifePolicy,
    label: dict[str, Any],
    expiry: str,
    source: str,
    *,
    is_lot: bool,
) -> None:
    """All services get one expiry date, which the answer and the event explain (S24)."""
    expected = (date.fromisoformat(expiry), source)
    result = scan(service, policy, label, is_lot=is_lot)
    assert scan_statuses(result) == ["ACCEPTED"]
    body: Any = result.body
    (answer,) = body.lots or body.scan_results
    assert (answer.expiry, answer.expiry_source) == expected
    events = confirm_session(service, "R1" if is_lot else "R9").events
    (received,) = [event for event in events if isinstance(event, ReceiptLotsReceived | ReceiptSerialsReceived)]
    goods = received.lots[0] if isinstance(received, ReceiptLotsReceived) else received
    assert (goods.expiry, goods.expiry_source) == expected


@pytest.mark.parametrize("is_lot", [True, False])
@pytest.mark.parametrize(("policy", "label", "code", "text"), REJECTED)
def test_the_rules_at_receipt_apply_to_it(
    service: InMemoryReceiving, policy: ShelfLifePolicy, label: dict[str, Any], code: str, text: str, *, is_lot: bool
) -> None:
    """Expired, too short and missing dates are rejected with the day, whatever they come from (S24)."""
    (violation,) = scan(service, policy, label, is_lot=is_lot).violations
    assert (str(violation.code), violation.detail) == (code, f"1 of 1 scans: {text}")


def test_scans_of_one_lot_have_one_date(service: InMemoryReceiving) -> None:
    """The same label again adds up, a bare scan takes the dates over, and another date is a mismatch (S23)."""
    manufactured = {"expiry": None, "manufactured_on": "2026-02-01"}
    assert scan_statuses(scan(service, DAYS_90, manufactured, is_lot=True)) == ["ACCEPTED"]
    assert scan_statuses(scan(service, DAYS_90, manufactured, is_lot=True)) == ["ACCEPTED"]
    assert scan_statuses(scan(service, DAYS_90, {}, is_lot=True)) == ["ACCEPTED"]
    assert error_codes(scan(service, DAYS_90, {"expiry": "2026-04-01"}, is_lot=True)) == ["lot_dates_mismatch"]
    (lot,) = service.uow.lot_scans
    assert (float(lot.quantity), lot.expiry, lot.expiry_source) == (30.0, date(2026, 5, 2), "SHELF_LIFE_DAYS")


ANNOUNCED: list[Any] = [
    (BEST_BEFORE, {"best_before": "2026-08-01"}, {}, ("2026-08-01", "BEST_BEFORE")),
    (BEST_BEFORE, {"best_before": "2026-08-01"}, {"expiry": "2026-09-01"}, ("2026-08-01", "BEST_BEFORE")),
    (BEST_BEFORE, {"expiry": "2026-07-01"}, {"best_before": "2026-08-01"}, ("2026-07-01", None)),
    (DAYS_90, {"manufactured_on": "2026-02-01"}, {}, ("2026-05-02", "SHELF_LIFE_DAYS")),
    (DAYS_90, {"expiry": "2026-04-01"}, {"manufactured_on": "2026-02-01"}, ("2026-04-01", None)),
]


def receive(service: InMemoryReceiving, *scanned: dict[str, Any], is_lot: bool) -> list[tuple[date | None, str | None]]:
    """Scan what R9 expects, confirm, accept what is set aside; return the dates of what is received."""
    for entry in scanned:
        if is_lot:
            scan_lots(service, "R9", {"lot": "L-1", "quantity": 1} | entry, sku="VALVE")
        else:
            scan_serials(service, "R9", *entry.pop("serials"), sku="VALVE", **entry)
    events = list(confirm_session(service, "R9").events)
    for found in list(service.uow.discrepancies):
        command = ResolveDiscrepancy(receipt="R9", discrepancy=found.discrepancy, resolution="ACCEPT", reason="seen")
        events += service.handle_command(command).events
    goods: list[Any] = [event for event in events if isinstance(event, ReceiptSerialsReceived)]
    goods += [lot for event in events if isinstance(event, ReceiptLotsReceived) for lot in event.lots]
    return [(entry.expiry, entry.expiry_source) for entry in goods]


@pytest.mark.parametrize("is_lot", [True, False])
@pytest.mark.parametrize(("policy", "announced", "label", "expected"), ANNOUNCED)
def test_announced_dates_count_as_those_of_the_label(
    service: InMemoryReceiving,
    policy: ShelfLifePolicy,
    announced: dict[str, Any],
    label: dict[str, Any],
    expected: tuple[str, str | None],
    *,
    is_lot: bool,
) -> None:
    """What an ASN announces completes the label before the date that guards the goods is found (S24)."""
    service.define_product("VALVE", "LOT" if is_lot else "SERIAL", policy)
    lot = {"lot": "L-1", **announced} | ({"quantity": 1} if is_lot else {"serials": ["V-1"]})
    steps.announce_receipt(service, "R9", steps.asn_line(quantity=1, sku="VALVE") | {"lots": [lot]})
    scanned = label if is_lot else {"serials": ["V-1"], **label}
    assert receive(service, scanned, is_lot=is_lot) == [(date.fromisoformat(expected[0]), expected[1])]


@pytest.mark.parametrize("is_lot", [True, False])
@pytest.mark.parametrize(("policy", "label", "expiry", "source"), LABELS)
def test_accepted_discrepancy_keeps_the_date_and_its_source(
    service: InMemoryReceiving,
    policy: ShelfLifePolicy,
    label: dict[str, Any],
    expiry: str,
    source: str | None,
    *,
    is_lot: bool,
) -> None:
    """Goods that a supervisor accepts have the same expiry and source as those that fit their line (S16, S24)."""
    service.define_product("VALVE", "LOT" if is_lot else "SERIAL", policy)
    steps.announce_receipt(service, "R9", steps.asn_line(quantity=1, sku="VALVE"))
    units = [{"serials": ["V-1"]}, {"serials": ["V-2"]}]
    scanned = [{"quantity": 2}] if is_lot else units
    dates = receive(service, *(entry | label for entry in scanned), is_lot=is_lot)
    assert dates == [(date.fromisoformat(expiry), source)] * 2


def test_accepted_unit_takes_the_announced_dates_of_its_lot(service: InMemoryReceiving) -> None:
    """A surplus unit of an announced lot is received with the expiry that let its scan pass (S24)."""
    service.define_product("VALVE", "SERIAL", BEST_BEFORE)
    lot = {"lot": "L-1", "quantity": 1, "best_before": "2026-08-01"}
    steps.announce_receipt(service, "R9", steps.asn_line(quantity=1, sku="VALVE") | {"lots": [lot]})
    dates = receive(service, {"serials": ["V-1", "V-2"], "lot": "L-1"}, is_lot=False)
    assert dates == [(date(2026, 8, 1), "BEST_BEFORE")] * 2
