"""Customer returns of lots: limited to shipped quantities, with dispositions of parts."""

from decimal import Decimal
from typing import Any

import pytest

from shared.contracts.commands.receiving import DisposeReturn, ReceiveReturn
from shared.contracts.lot_corrections import CorrectedLot, LotNumberCorrected
from shared.contracts.lots import LotShipped
from shared.contracts.receiving import ReturnLotsDisposed, ReturnLotsReceived
from shared.unit_of_work import CommandResult
from tests.support.in_memory.receiving import InMemoryReceiving
from tests.unit.receiving.steps import error_codes


@pytest.fixture
def service() -> InMemoryReceiving:
    """Clinic got 10 of lot A and 5 of B on order SO, in two shipments; Other got 7 of A."""
    service = InMemoryReceiving()
    service.define_product("BUTTER", "LOT")
    service.handle(
        lots_shipped_event("SO", "CLINIC", A=6),
        lots_shipped_event("SO", "CLINIC", A=4, B=5),
        lots_shipped_event("S2", "OTHER", A=7),
    )
    return service


def lots_shipped_event(order: str, customer: str, sku: str = "MILK", **lots: float) -> LotShipped:
    """An event of the lots service: quantities were shipped."""
    fields = {"sku": sku, "order": order, "line": "1", "shipment": "SH", "customer": customer}
    return LotShipped.model_validate(
        fields | {"lots": [{"lot": lot, "quantity": quantity} for lot, quantity in lots.items()]}
    )


def receive_lots(service: InMemoryReceiving, lots: dict[str, float], **overrides: Any) -> CommandResult:
    """Receive lots returned by Clinic."""
    fields = {
        "return_id": "RMA", "order": "SO", "customer": "CLINIC", "sku": "MILK", "location": "EAST/DOCK",
        "reason": "sour",
    }  # fmt: skip
    fields["lots"] = [{"lot": lot, "quantity": quantity} for lot, quantity in lots.items()]  # type: ignore[assignment]
    return service.handle_command(ReceiveReturn.model_validate(fields | overrides))


def dispose_lots(
    service: InMemoryReceiving, lots: dict[str, float], disposition: str = "RESTOCK", **overrides: Any
) -> CommandResult:
    """Dispose of returned lots."""
    fields = {"return_id": "RMA", "disposition": disposition, "reason": "tasted"}
    fields["lots"] = [{"lot": lot, "quantity": quantity} for lot, quantity in lots.items()]  # type: ignore[assignment]
    return service.handle_command(DisposeReturn.model_validate(fields | overrides))


def disposed_lots(result: CommandResult) -> list[Any]:
    """Disposed lots by location."""
    messages = [message for message in result.events if isinstance(message, ReturnLotsDisposed)]
    return [
        (
            message.location,
            message.disposition,
            [(disposed_lot.lot, disposed_lot.quantity) for disposed_lot in message.lots],
        )
        for message in messages
    ]


def test_only_lots_shipped_to_this_customer_on_this_order_are_accepted(service: InMemoryReceiving) -> None:
    """Only lots shipped to the customer are returned, on hold; each other lot is rejected alone."""
    result = receive_lots(service, {"A": 4, "B": 6})
    (returned,) = result.events
    assert isinstance(returned, ReturnLotsReceived)
    assert [(returned_lot.lot, int(returned_lot.quantity)) for returned_lot in returned.lots] == [("A", 4)]
    assert returned.hold_id == "id-1"
    (violation,) = result.violations
    assert (violation.code, violation.ids) == ("not_shipped_to_customer", ["B"])
    assert "6 of B, 5 shipped and 0 returned" in violation.detail
    assert error_codes(receive_lots(service, {"A": 7}, order="S2")) == ["document_exists"]
    assert error_codes(receive_lots(service, {"A": 1}, order="S2", return_id="X")) == ["not_shipped_to_customer"]


def test_return_of_a_lot_not_known_as_shipped(service: InMemoryReceiving) -> None:
    """A lot without a known shipment on the order may be retried; other violations are final (S18)."""
    result = receive_lots(service, {"A": 4, "B": 6, "C": 1})
    rejected = [(violation.ids, violation.is_provisional) for violation in result.violations]
    assert rejected == [(["B"], False), (["C"], True)]
    assert set(error_codes(result)) == {"not_shipped_to_customer"}
    (provisional,) = receive_lots(service, {"A": 1}, order="S9", return_id="X").violations
    assert (str(provisional.code), provisional.is_provisional) == ("not_shipped_to_customer", True)
    (final,) = receive_lots(service, {"A": 1}, customer="OTHER", return_id="X").violations
    assert (str(final.code), final.is_provisional) == ("not_shipped_to_customer", False)
    service.handle_event(lots_shipped_event("SO", "CLINIC", C=1))
    assert not error_codes(receive_lots(service, {"C": 1}))


def test_returned_quantity_is_limited_to_what_is_outstanding(service: InMemoryReceiving) -> None:
    """A quantity cannot be returned twice; the violation shows the returned quantity and the return."""
    receive_lots(service, {"A": 8})
    repeated = receive_lots(service, {"A": 3}, return_id="RMA2")
    assert (error_codes(repeated), repeated.violations[0].blocked_by) == (["already_returned"], ["/returns/RMA"])
    assert "3 of A, 10 shipped and 8 returned" in repeated.violations[0].detail
    assert not error_codes(receive_lots(service, {"A": 2}, return_id="RMA2"))
    assert error_codes(receive_lots(service, {"A": "0.000001"}, return_id="RMA3")) == ["already_returned"]  # type: ignore[dict-item]


def test_invalid_returns_are_rejected(service: InMemoryReceiving) -> None:
    """Invalid lots, repeated lots and a wrong location are rejected completely."""
    assert error_codes(receive_lots(service, {"A": 1}, sku="PUMP")) == ["serials_required"]
    assert error_codes(receive_lots(service, {"A": 1}, sku="SALT")) == ["not_lot_tracked"]
    assert error_codes(receive_lots(service, {"": 1})) == ["lot_required"]
    assert error_codes(receive_lots(service, {"A": 1}, location="EAST/A-1")) == ["wrong_location_type"]
    repeated = ReceiveReturn.model_validate(
        {
            "return_id": "RMA", "order": "SO", "customer": "CLINIC", "sku": "MILK", "location": "EAST/DOCK",
            "reason": "sour", "lots": [{"lot": "A", "quantity": 1}, {"lot": "A", "quantity": 1}],
        }
    )  # fmt: skip
    assert error_codes(service.handle_command(repeated)) == ["duplicate_lot_in_request"]


def test_return_under_a_corrected_number_names_the_right_one(service: InMemoryReceiving) -> None:
    """A return under a number that was wrong, or is misread, names what the customer may return instead (S18, S25)."""
    part = CorrectedLot(
        lot="B", quantity=Decimal(5), order="SO", line="1", demand_id="D", status="SHIPPED", shipment="SH",
        customer="CLINIC",
    )  # fmt: skip
    service.handle_event(
        LotNumberCorrected(sku="MILK", from_lot="B", lot="R", quantity=Decimal(5), reason="misread", stock=[part])
    )
    (violation,) = receive_lots(service, {"B": 1}).violations
    assert (str(violation.code), violation.suggested) == ("not_shipped_to_customer", ["A", "R"])
    assert violation.detail == "1 of B, 0 shipped and 0 returned; outstanding of other lots: 10 of A, 5 of R"
    (other,) = receive_lots(service, {"B": 1}, customer="OTHER").violations
    assert (other.detail, other.suggested) == ("1 of B, 0 shipped and 0 returned", [])


def test_lot_of_another_product_is_rejected(service: InMemoryReceiving) -> None:
    """A lot number shipped for one product cannot be returned for another."""
    assert error_codes(receive_lots(service, {"A": 1}, sku="BUTTER")) == ["not_shipped_to_customer"]


def test_untracked_products_are_returned_by_quantity(service: InMemoryReceiving) -> None:
    """Untracked products are returned by quantity."""
    service.handle(LotShipped.model_validate(
        {"sku": "SALT", "order": "SO", "line": "2", "shipment": "SH", "customer": "CLINIC",
         "lots": [{"quantity": "2.5"}]}
    ))  # fmt: skip
    assert not error_codes(receive_lots(service, {"": 2.5}, sku="SALT"))


def test_parts_are_disposed_differently(service: InMemoryReceiving) -> None:
    """Parts of a returned quantity are restocked and scrapped; no part is disposed of twice."""
    receive_lots(service, {"A": 3})
    receive_lots(service, {"A": 7, "B": 5}, location="EAST/QA")
    assert disposed_lots(dispose_lots(service, {"A": 4})) == [
        ("EAST/DOCK", "RESTOCK", [("A", 3)]),
        ("EAST/QA", "RESTOCK", [("A", 1)]),
    ]
    assert disposed_lots(dispose_lots(service, {"A": 2, "B": 5}, "SCRAP")) == [
        ("EAST/QA", "SCRAP", [("A", 2), ("B", 5)])
    ]
    excess = dispose_lots(service, {"A": 5, "B": 1, "C": 1})
    assert error_codes(excess) == ["already_disposed", "already_disposed", "not_in_return"]
    assert "4 pending and 6 disposed" in excess.violations[0].detail
    assert disposed_lots(dispose_lots(service, {}, "RETURN_TO_VENDOR")) == [("EAST/QA", "RETURN_TO_VENDOR", [("A", 4)])]
    assert error_codes(dispose_lots(service, {})) == ["already_disposed"]
    assert sum(disposition.quantity for disposition in service.uow.lot_dispositions) == 15


def test_ambiguous_lot_number_needs_a_sku(service: InMemoryReceiving) -> None:
    """A lot number that a return has for two products needs the SKU in its disposition."""
    service.handle_event(lots_shipped_event("SO", "CLINIC", "BUTTER", A=1))
    receive_lots(service, {"A": 1})
    receive_lots(service, {"A": 1}, sku="BUTTER")
    assert error_codes(dispose_lots(service, {"A": 1})) == ["validation_error"]
    (message,) = dispose_lots(service, {"A": 1}, sku="BUTTER").events
    assert isinstance(message, ReturnLotsDisposed)
    assert message.sku == "BUTTER"


def test_goods_with_a_corrected_number_come_back_under_it(service: InMemoryReceiving) -> None:
    """After a correction of shipped goods, their right number is returned; earlier returns still count (S18)."""
    assert error_codes(receive_lots(service, {"A": 3})) == []
    part = CorrectedLot(
        lot="R", quantity=Decimal(8), order="SO", line="1", demand_id="D", status="SHIPPED", shipment="SH",
        customer="CLINIC",
    )  # fmt: skip
    service.handle(
        LotNumberCorrected(sku="MILK", from_lot="A", lot="R", quantity=Decimal(8), reason="misread", stock=[part])
    )
    shipped = {
        lot.lot: (int(lot.shipped), int(lot.returned)) for lot in service.uow.shipped_lots if lot.order_id == "SO"
    }
    assert shipped == {"A": (2, 2), "R": (8, 1), "B": (5, 0)}
    assert error_codes(receive_lots(service, {"R": 8}, return_id="RMA-2")) == ["already_returned"]
    assert error_codes(receive_lots(service, {"R": 7}, return_id="RMA-3")) == []
