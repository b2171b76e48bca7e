"""Customer returns of serials and their dispositions."""

from datetime import UTC, date, datetime
from typing import Any

import pytest

from services.receiving.locations.domain.records import Warehouse
from services.receiving.receipts.domain.records import Unit
from services.receiving.returns.domain.records import ReturnResult
from shared.contracts.commands.receiving import DisposeReturn, ReceiveReturn
from shared.contracts.receiving import ReceiptRejected, ReturnSerialsDisposed, ReturnSerialsReceived
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
    """Only units shipped to the customer are returned, on hold; each other unit is rejected alone (S18).

    The shipment of a unit in the warehouse, or an earlier sale of an unknown one, may be in flight.
    """
    result = receive_serials(service, "A", "C", "D", "X")
    (returned,) = result.events
    assert isinstance(returned, ReturnSerialsReceived)
    assert (returned.serials, returned.versions, returned.hold_id) == (["A"], [6], "id-1")
    assert error_codes(result) == ["not_shipped_to_customer"] * 2
    rejected = [(violation.ids, violation.is_provisional) for violation in result.violations]
    assert rejected == [(["C"], False), (["D", "X"], True)]
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


@pytest.mark.parametrize(
    ("ends_on", "now", "in_warranty"),
    [
        (date(2026, 3, 1), datetime(2026, 3, 2, 4, 59, tzinfo=UTC), True),
        (date(2026, 3, 1), datetime(2026, 3, 2, 5, tzinfo=UTC), False),
        (None, datetime(2026, 3, 2, tzinfo=UTC), None),
    ],
)
def test_return_says_whether_it_is_in_warranty(
    service: InMemoryReceiving, ends_on: date | None, now: datetime, in_warranty: bool | None
) -> None:
    """A return compares the end that the dispatch fixed with the day in its own warehouse, inclusive (S46)."""
    service.uow.warehouses.put(Warehouse("EAST", 2, "East", "America/New_York"))
    service.uow.units.put(Unit("PUMP", "E", 1, "ON_HAND"))
    service.handle_event(
        SerialStateChanged(
            sku="PUMP", serials=["E"], versions=[9], from_status="PICKED", status="SHIPPED", reason="dispatched",
            order="SO", customer="CLINIC", warranty_ends_on=ends_on,
        )
    )  # fmt: skip
    service.now = now
    result = receive_serials(service, "A", "E")
    (event,) = result.events
    assert isinstance(event, ReturnSerialsReceived)
    assert isinstance(result.body, ReturnResult)
    lists = (["E"] if in_warranty else [], ["E"] if in_warranty is False else [])
    assert (event.in_warranty, event.out_of_warranty) == lists
    assert (result.body.in_warranty, result.body.out_of_warranty) == lists
    unit = service.uow.returned_units["RMA", "PUMP", "E"]
    assert (unit.warranty_ends_on, unit.in_warranty) == (ends_on, in_warranty)


def test_unit_of_a_past_sale_can_be_returned(service: InMemoryReceiving) -> None:
    """Receiving learns of units sold before the registry existed, so that they can come back (S18)."""
    sale = SerialStateChanged(
        sku="PUMP", serials=["OLD", "B", "D"], versions=[1, 1, 1], status="SHIPPED", reason="go-live", order="INV-7",
        customer="CLINIC", lot="L-1", warranty_ends_on=date(2030, 1, 1),
    )  # fmt: skip
    (conflict,) = service.handle_event(sale)
    assert isinstance(conflict, ReceiptRejected)
    assert conflict.ids == ["B"], "shipped already"
    result = receive_serials(service, "OLD", "D", order="INV-7")
    assert isinstance(result.body, ReturnResult)
    assert (error_codes(result), result.body.serials, result.body.in_warranty) == ([], ["OLD", "D"], ["OLD", "D"])
    assert service.uow.units["PUMP", "OLD"].lot == "L-1"
