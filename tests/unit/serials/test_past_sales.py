"""Units sold before the registry existed: registered as shipped, once, with the warranty of their day."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from services.serials.units.domain.operations import DocumentRefs
from shared.contracts.commands.serials import PlaceSerialHold, RegisterSoldSerials
from shared.contracts.product_attributes import Warranty
from shared.contracts.recalls import RecallOpened
from shared.contracts.reference import ProductChanged, Tracking
from shared.contracts.serial_formats import SerialFormat
from shared.contracts.serials import SerialStateChanged
from shared.unit_of_work import CommandResult
from tests.support.events import NOW
from tests.support.in_memory.serials import InMemorySerials, error_codes
from tests.support.messages.serials import expect, receive, return_from_customer


@pytest.fixture
def service() -> InMemorySerials:
    """A service with a serial-tracked product that has a warranty of two years."""
    service = InMemorySerials()
    service.handle(product("SERIAL", months=24))
    return service


def product(tracking: Tracking, version: int = 1, **warranty: Any) -> ProductChanged:
    """Build a version of the product."""
    return ProductChanged(
        sku="A-1", version=version, name="Phone", unit="each", tracking=tracking,
        warranty=Warranty(**warranty) if warranty else None,
    )  # fmt: skip


def register(service: InMemorySerials, *serials: str, **overrides: Any) -> CommandResult:
    """Register a sale of units."""
    fields = {
        "sku": "A-1", "serials": list(serials), "sold_on": "2024-02-29", "order": "INV-7", "customer": "C-1",
        "customer_name": "Joe Doe", "contact": "+49 30 1", "reason": "go-live", "document": "LIST-1",
    }  # fmt: skip
    [result] = service.handle(RegisterSoldSerials.model_validate(fields | overrides))
    return result


def test_registration_is_a_transition_of_its_own(service: InMemorySerials) -> None:
    """A unit of an earlier sale becomes SHIPPED with buyer, day, documents and warranty (S04, S22, S46)."""
    assert not error_codes([register(service, "SN-1", "SN-2")])[0]
    [event] = service.events_of(SerialStateChanged)
    assert (event.from_status, event.status, event.serials, event.versions) == (
        None,
        "SHIPPED",
        ["SN-1", "SN-2"],
        [1, 1],
    )
    assert (event.order, event.shipment, event.customer, event.document) == ("INV-7", "INV-7", "C-1", "LIST-1")
    assert (event.warranty_starts_on, event.warranty_ends_on) == (date(2024, 2, 29), date(2026, 2, 28))
    operation = service.uow.operations[service.audit[0].operation]
    assert (operation.change, operation.reason) == ("SALE_REGISTERED", "go-live")
    assert operation.context.occurred_at == datetime(2024, 2, 29, 12, tzinfo=UTC)
    assert operation.documents == DocumentRefs(
        order_id="INV-7", shipment="INV-7", customer="C-1", customer_name="Joe Doe", contact="+49 30 1",
        document="LIST-1",
    )  # fmt: skip


def test_known_serials_are_refused_by_name(service: InMemorySerials) -> None:
    """A serial that exists in any status is refused by name, and the others of the sale are registered (S17)."""
    service.handle(expect(["SN-1"]))
    service.handle(receive(["SN-2"]))
    result = register(service, "SN-1", "SN-2", "SN-3")
    assert [(str(problem.code), problem.ids, problem.is_provisional) for problem in result.violations] == [
        ("duplicate_serial", ["SN-1"], False), ("duplicate_serial", ["SN-2"], False),
    ]  # fmt: skip
    assert result.violations[0].blocked_by == ["/serials/A-1/SN-1"]
    assert [service.status(serial) for serial in ("SN-1", "SN-2", "SN-3")] == ["EXPECTED", "RECEIVED", "SHIPPED"]
    repeated = register(service, "SN-3")
    assert repeated.is_rejected
    assert "SHIPPED for order INV-7" in repeated.violations[0].detail
    assert error_codes([register(service, "SN-4", "SN-4")]) == [["duplicate_serial_in_request"]]


def test_what_is_no_serial_is_refused_by_name(service: InMemorySerials) -> None:
    """The SKU, GS1 data, an address or several values in one scan never become a serial number (S17)."""
    scans = ["A-1", "(01)09521234543213(21)SN-1", "https://example.com/SN-1", "SN-1;SN-2", "SN-1 - SN-9"]
    result = register(service, "SN-1", *scans)
    assert [(str(problem.code), problem.ids) for problem in result.violations] == [
        ("not_a_serial", [scan]) for scan in scans
    ]
    assert [unit.serial for unit in service.units] == ["SN-1"]


@pytest.mark.parametrize(
    ("tracking", "overrides", "code"),
    [
        (None, {}, "product_not_found"),
        ("LOT", {}, "not_serial_tracked"),
        ("SERIAL", {"sold_on": str(NOW.date() + timedelta(2))}, "sale_in_future"),
    ],
)
def test_impossible_sales_are_rejected(tracking: Tracking | None, overrides: dict[str, str], code: str) -> None:
    """The product must be known and serial-tracked, the day not in the future."""
    service = InMemorySerials()
    if tracking:
        service.handle(product(tracking))
    result = register(service, "SN-1", **overrides)
    assert error_codes([result]) == [[code]]
    assert service.status("SN-1") is None


def test_warranty_may_start_at_the_label_date(service: InMemorySerials) -> None:
    """With LABEL_DATE, the manufacturing date given with the sale starts the warranty (S46)."""
    service.handle(product("SERIAL", 2, months=1, starts_at="LABEL_DATE"))
    register(service, "SN-1", manufactured_on="2023-12-31")
    register(service, "SN-2")
    ends = [service.units["A-1", serial].warranty_ends_on for serial in ("SN-1", "SN-2")]
    assert ends == [date(2024, 1, 31), date(2024, 3, 29)]


def test_sold_unit_can_come_back(service: InMemorySerials) -> None:
    """A registered unit comes back as any customer return (S18)."""
    register(service, "SN-1")
    service.handle(return_from_customer(["SN-1"], version=2, order="INV-7"))
    unit = service.units["A-1", "SN-1"]
    assert (unit.status, unit.customer, unit.warranty_ends_on, unit.open_hold_count) == ("RECEIVED", None, None, 1)
    assert not service.conflicts


def test_open_recall_learns_of_registered_units(service: InMemorySerials) -> None:
    """An open recall tracks a matching unit that is registered later; a sold unit gets no hold (S46)."""
    service.handle(RecallOpened(recall="RC-1", sku="A-1", hold_id="H-1", reason="sharp edges", lots=["L-1"]))
    service.handle(PlaceSerialHold(sku="A-1", lot="L-1", hold_id="H-2", reason="suspicion"))
    register(service, "SN-1", lot="L-1")
    register(service, "SN-2", lot="L-2")
    tracked = [service.units["A-1", serial].open_recall_count for serial in ("SN-1", "SN-2")]
    assert tracked == [1, 0]
    assert {unit.open_hold_count for unit in service.units} == {0}


def test_unit_is_made_before_its_sale() -> None:
    """A manufacturing date after the sale is a typing error (S46)."""
    with pytest.raises(ValueError, match="sold_on precedes manufactured_on"):
        register(InMemorySerials(), "SN-1", manufactured_on="2024-03-01")


def test_state_of_a_sale_without_line_is_text(service: InMemorySerials) -> None:
    """A registered sale has no order line, and its text names none (S20)."""
    register(service, "SN-1")
    [violation] = register(service, "SN-1").violations
    assert violation.detail == "A-1 SN-1: SHIPPED for order INV-7"


def test_range_in_one_scan_is_named(service: InMemorySerials) -> None:
    """A range is no serial number, and is called one (S17)."""
    [violation] = register(service, "SN1-SN9").violations
    assert violation.detail == "A-1 SN1-SN9: it looks like a range"


def test_serial_format_applies_to_past_sales(service: InMemorySerials) -> None:
    """A number that is not of the product's format is refused; one that matches is none of its look-alikes (S17)."""
    serial_format = SerialFormat(pattern="SN-[0-9]|https://x\\.de/[0-9]")
    service.handle(product("SERIAL", 2).model_copy(update={"serial_format": serial_format}))
    for serial in ("SN-1", "SN-A", "https://x.de/1", "https://x.de/A"):
        register(service, serial)
    assert [service.status(serial) for serial in ("SN-1", "SN-A", "https://x.de/1", "https://x.de/A")] == [
        "SHIPPED", None, "SHIPPED", None
    ]  # fmt: skip
