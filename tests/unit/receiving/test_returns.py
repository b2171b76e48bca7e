"""Customer returns of serials and their dispositions."""

from typing import Any

import pytest

from services.receiving.receipts.domain.records import Unit
from shared.contracts.commands.receiving import DisposeReturn, ReceiveReturn
from shared.contracts.receiving import ReturnSerialsDisposed, ReturnSerialsReceived
from shared.contracts.serials import SerialStateChanged
from shared.unit_of_work import CommandResult
from tests.support.in_memory.receiving import InMemoryReceiving
from tests.unit.receiving.steps import error_codes


@pytest.fixture
def service() -> InMemoryReceiving:
    """A and B were shipped to Clinic on order SO; C to another customer; D is on hand."""
    shipped_fields = {"status": "SHIPPED", "customer": "CLINIC", "order_id": "SO"}
    units = [
        Unit("PUMP", "A", 5, **shipped_fields),  # type: ignore[arg-type]
        Unit("PUMP", "B", 5, **shipped_fields),  # type: ignore[arg-type]
        Unit("PUMP", "C", 5, **shipped_fields | {"customer": "OTHER"}),  # type: ignore[arg-type]
        Unit("PUMP", "D", 2, "ON_HAND"),
    ]
    service = InMemoryReceiving()
    service.uow.units.load(units)
    return service


def receive_serials(service: InMemoryReceiving, *serials: str, **overrides: str) -> CommandResult:
    """Receive units returned by Clinic."""
    fields = {
        "return_id": "RMA", "order": "SO", "customer": "CLINIC", "sku": "PUMP", "serials": list(serials),
        "location": "EAST/DOCK", "reason": "broken",
    }  # fmt: skip
    return service.handle_command(ReceiveReturn.model_validate(fields | overrides))


def dispose_serials(
    service: InMemoryReceiving, *serials: str, disposition: str = "RESTOCK", **overrides: Any
) -> CommandResult:
    """Dispose of returned units."""
    fields = {
        "return_id": "RMA",
        "serials": list(serials),
        "disposition": disposition,
        "reason": "looked at",
        **overrides,
    }
    return service.handle_command(DisposeReturn.model_validate(fields))


def test_only_units_shipped_to_this_customer_on_this_order_are_accepted(service: InMemoryReceiving) -> None:
    """Only units shipped to the customer are returned, on hold; each other unit is rejected alone (S18)."""
    result = receive_serials(service, "A", "C", "D", "X")
    (returned,) = result.events
    assert isinstance(returned, ReturnSerialsReceived)
    assert (returned.serials, returned.versions, returned.hold_id) == (["A"], [6], "id-1")
    assert error_codes(result) == ["not_shipped_to_customer"] * 3
    assert [violation.is_provisional for violation in result.violations] == [False, True, False]
    assert service.uow.units["PUMP", "A"].status == "ON_HAND"


def test_scan_of_something_else_is_no_returned_unit(service: InMemoryReceiving) -> None:
    """S13, S18: a barcode, GS1 text or address is named for what it is; the registered units come back."""
    result = receive_serials(service, "A", "4006", "(21)A", "https://maker.example/7")
    assert error_codes(result) == ["not_a_serial"] * 3
    assert [violation.ids for violation in result.violations] == [["4006"], ["(21)A"], ["https://maker.example/7"]]
    assert "a GS1 element string with serial A" in result.violations[1].detail


def test_unit_is_returned_once(service: InMemoryReceiving) -> None:
    """A returned unit cannot be returned again before its next shipment."""
    receive_serials(service, "A")
    repeated = receive_serials(service, "A", return_id="RMA2")
    assert (error_codes(repeated), repeated.violations[0].blocked_by) == (["already_returned"], ["/returns/RMA"])
    shipped_event = SerialStateChanged(
        sku="PUMP", serials=["A"], versions=[9], from_status="PICKED", status="SHIPPED", reason="dispatched",
        order="SO2", customer="CLINIC",
    )  # fmt: skip
    assert service.handle_event(shipped_event) == []
    assert error_codes(receive_serials(service, "A", return_id="RMA2")) == ["not_shipped_to_customer"]
    assert not error_codes(receive_serials(service, "A", return_id="RMA2", order="SO2"))


def test_return_contains_a_unit_once(service: InMemoryReceiving) -> None:
    """A unit that was restocked and shipped again on its order needs a return with another id (S18)."""
    receive_serials(service, "A")
    dispose_serials(service, "A")
    shipped_event = SerialStateChanged(
        sku="PUMP", serials=["A"], versions=[9], from_status="PICKED", status="SHIPPED", reason="dispatched",
        order="SO", customer="CLINIC",
    )  # fmt: skip
    assert service.handle_event(shipped_event) == []
    repeated = receive_serials(service, "A", "B")
    assert (error_codes(repeated), repeated.violations[0].blocked_by) == (["already_returned"], ["/returns/RMA"])
    assert repeated.body is not None
    assert repeated.body.model_dump()["serials"] == ["B"]
    assert not error_codes(receive_serials(service, "A", return_id="RMA2"))


def test_invalid_returns_are_rejected(service: InMemoryReceiving) -> None:
    """Unknown products or locations, repeated units and returns of other orders are rejected completely."""
    assert error_codes(receive_serials(service, "A", sku="NOPE")) == ["product_not_found"]
    assert error_codes(receive_serials(service, "A", sku="SALT")) == ["not_serial_tracked"]
    assert error_codes(receive_serials(service, "A", location="EAST/NOPE")) == ["location_not_found"]
    assert error_codes(receive_serials(service, "A", location="EAST/A-1")) == ["wrong_location_type"]
    assert error_codes(receive_serials(service, "A", "A")) == ["duplicate_serial_in_request"]
    receive_serials(service, "A")
    assert error_codes(receive_serials(service, "C", customer="OTHER")) == ["document_exists"]


def test_each_unit_is_disposed_once(service: InMemoryReceiving) -> None:
    """Each unit is disposed of once, by serial or with all pending units."""
    receive_serials(service, "A", "B")
    assert error_codes(dispose_serials(service, return_id="NOPE")) == ["return_not_found"]
    first_result = dispose_serials(service, "A", "X", disposition="SCRAP")
    (disposed,) = first_result.events
    assert isinstance(disposed, ReturnSerialsDisposed)
    assert (disposed.serials, disposed.disposition, disposed.hold_id) == (["A"], "SCRAP", "id-1")
    assert error_codes(first_result) == ["not_in_return"]
    assert error_codes(dispose_serials(service, "A")) == ["already_disposed"]
    (remaining_event,) = dispose_serials(service).events
    assert isinstance(remaining_event, ReturnSerialsDisposed)
    assert remaining_event.serials == ["B"]
    assert error_codes(dispose_serials(service)) == ["already_disposed"]


def test_shipment_of_a_unit_not_on_hand_is_a_conflict(service: InMemoryReceiving) -> None:
    """A shipment of a unit that is not on hand is an event conflict and changes nothing."""
    units_before = list(service.uow.units)
    shipped_event = SerialStateChanged(
        sku="PUMP", serials=["A", "X"], versions=[2, 2], from_status="PICKED", status="SHIPPED", reason="dispatched",
        order="SO", customer="CLINIC",
    )  # fmt: skip
    (conflict,) = service.handle_event(shipped_event)
    assert conflict.model_dump()["ids"] == ["A", "X"]
    assert list(service.uow.units) == units_before
