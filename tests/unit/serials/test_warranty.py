"""Warranties of units: fixed at dispatch, ended by a return."""

from datetime import UTC, date, datetime
from typing import Any

from services.serials.units.domain.unit import Unit
from shared.contracts.commands.serials import PutAwaySerials
from shared.contracts.fulfillment import OrderSerialsPicked
from shared.contracts.receiving import ReturnSerialsDisposed
from shared.contracts.reference import ProductChanged
from shared.contracts.serials import SerialStateChanged
from tests.support.in_memory.serials import InMemorySerials
from tests.support.messages.serials import (
    OUTBOUND,
    SHELF,
    order_dispatched,
    order_fields,
    receive,
    request_allocation,
    return_from_customer,
)


def product(version: int = 1, **warranty: Any) -> ProductChanged:
    """Build a version of the product with a warranty."""
    return ProductChanged(
        sku="A-1", version=version, name="Phone", unit="each", tracking="SERIAL", warranty=warranty or None
    )


def with_product(**warranty: Any) -> InMemorySerials:
    """Return a service with a received unit of a product with a warranty, shipped from Honolulu."""
    service = InMemorySerials(datetime(2026, 1, 31, 9, 30, tzinfo=UTC))
    service.uow.sale_rules.time_zones["EAST"] = "Pacific/Honolulu"
    service.handle(product(**warranty))
    return service


def sell(service: InMemorySerials, demand_id: str = "D1") -> None:
    """Store, allocate, pick and dispatch the unit."""
    service.handle(PutAwaySerials(sku="A-1", serials=["SN-1"], location=SHELF))
    service.handle(request_allocation(demand_id, 1))
    service.handle(OrderSerialsPicked(**order_fields(demand_id, ["SN-1"]), location=OUTBOUND))
    service.handle(order_dispatched(["SN-1"], f"SO-{demand_id}"))


def term(unit: Unit | SerialStateChanged) -> tuple[date | None, date | None]:
    """Return the first and last day of a warranty."""
    return unit.warranty_starts_on, unit.warranty_ends_on


def test_term_is_fixed_at_dispatch() -> None:
    """The term starts on the day of dispatch in the zone of the warehouse; a later change leaves it (S46)."""
    service = with_product(months=13)
    service.handle(receive(["SN-1"]))
    sell(service)
    expected = date(2026, 1, 30), date(2027, 2, 28)
    assert term(service.units["A-1", "SN-1"]) == expected
    assert term(service.events_of(SerialStateChanged)[-1]) == expected
    assert {term(event) for event in service.events_of(SerialStateChanged)[:-1]} == {(None, None)}
    service.handle(product(2, months=36))
    assert term(service.units["A-1", "SN-1"]) == expected


def test_resale_starts_anew() -> None:
    """A return ends the warranty, and the next sale starts one by the rules of its day (S46)."""
    service = with_product(months=12)
    service.handle(receive(["SN-1"]))
    sell(service)
    service.handle(return_from_customer(["SN-1"], version=4))
    assert term(service.units["A-1", "SN-1"]) == (None, None)
    service.handle(
        ReturnSerialsDisposed(
            return_id="RMA-1", hold_id="RMA-1", sku="A-1", serials=["SN-1"], disposition="RESTOCK", reason="as new"
        ),
        product(2, months=1),
    )
    service.now = datetime(2026, 2, 28, 12, tzinfo=UTC)
    sell(service, "D2")
    assert term(service.units["A-1", "SN-1"]) == (date(2026, 2, 28), date(2026, 3, 28))


def test_product_without_warranty() -> None:
    """A unit of a product without a warranty has no term (S46)."""
    service = with_product()
    service.handle(receive(["SN-1"]))
    sell(service)
    assert service.status("SN-1") == "SHIPPED"
    assert term(service.units["A-1", "SN-1"]) == (None, None)


def test_term_may_start_at_the_date_on_the_label() -> None:
    """With LABEL_DATE, the manufacturing date of the label starts the term (S46)."""
    service = with_product(months=24, starts_at="LABEL_DATE")
    service.handle(receive(["SN-1"], manufactured_on=date(2025, 8, 31)))
    sell(service)
    assert term(service.units["A-1", "SN-1"]) == (date(2025, 8, 31), date(2027, 8, 31))


def test_label_without_a_date() -> None:
    """With LABEL_DATE, a unit whose label has no date has a warranty from its dispatch (S46)."""
    service = with_product(months=24, starts_at="LABEL_DATE")
    service.handle(receive(["SN-1"]))
    sell(service)
    assert term(service.units["A-1", "SN-1"]) == (date(2026, 1, 30), date(2028, 1, 30))
