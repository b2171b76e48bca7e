"""Raw scans in customer returns: they fill product, serial numbers, lots and quantities."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest

from services.receiving.products.domain.records import ProductBarcode
from services.receiving.receipts.domain.records import Unit
from shared.contracts.commands.receiving import ReceiveReturn
from shared.contracts.lots import LotShipped
from shared.contracts.receiving import ReturnLotsReceived, ReturnSerialsReceived
from shared.unit_of_work import CommandResult
from tests.support.in_memory.receiving import InMemoryReceiving
from tests.unit.receiving.steps import error_codes

PUMP_GTIN, MILK_CASE = "09521234543213", "19521234543210"


@pytest.fixture
def service() -> InMemoryReceiving:
    """The pumps A and B, and 30 of lot L of milk, were shipped to Clinic on order SO."""
    service = InMemoryReceiving()
    service.uow.barcodes.load([ProductBarcode(PUMP_GTIN, "PUMP", 1), ProductBarcode(MILK_CASE, "MILK", 12)])
    shipped: dict[str, Any] = {"status": "SHIPPED", "customer": "CLINIC", "order_id": "SO"}
    service.uow.units.load(
        [
            Unit("PUMP", "A", 5, lot="L1", expiry=date(2027, 3, 31), **shipped),
            Unit("PUMP", "B", 5, **shipped), Unit("SCREW", "B", 5, **shipped | {"order_id": "SO2"}),
        ]
    )  # fmt: skip
    lots = {"sku": "MILK", "order": "SO", "line": "1", "shipment": "SH", "customer": "CLINIC"}
    service.handle(LotShipped.model_validate(lots | {"lots": [{"lot": "L", "quantity": 30}]}))
    return service


def receive(service: InMemoryReceiving, *scans: str, **fields: Any) -> CommandResult:
    """Receive a return of Clinic by raw scans."""
    data = {
        "return_id": "RMA", "order": "SO", "customer": "CLINIC", "location": "EAST/DOCK", "reason": "broken",
        "scans": list(scans),
    }  # fmt: skip
    return service.handle_command(ReceiveReturn.model_validate(data | fields))


def test_units_come_back_by_their_labels(service: InMemoryReceiving) -> None:
    """S18, S22: label and plain number of shipped units fill the return; each scan is kept."""
    label = f"(01){PUMP_GTIN}(21)A(17)270331(10)L1"
    result = receive(service, label, "B")
    (event,) = [event for event in result.events if isinstance(event, ReturnSerialsReceived)]
    assert (event.sku, event.serials, event.scans) == ("PUMP", ["A", "B"], [label, "B"])
    assert {unit.serial: unit.scan for unit in service.uow.returned_units} == {"A": label, "B": "B"}


def test_a_contradicting_label_is_rejected_alone(service: InMemoryReceiving) -> None:
    """S16, S20: a label with another lot or expiry than the unit has is rejected by name, like unknown scans."""
    wrong = f"(01){PUMP_GTIN}(21)A(10)L2"
    result = receive(service, wrong, "B", "nothing", MILK_CASE)
    assert error_codes(result) == ["label_mismatch", "unknown_scan", "wrong_product"]
    assert [violation.ids for violation in result.violations] == [[wrong], ["nothing"], [MILK_CASE]]
    assert service.uow.get_unit("PUMP", "A").status == "SHIPPED"
    assert service.uow.get_unit("PUMP", "B").status == "ON_HAND"


def test_lots_come_back_in_cases(service: InMemoryReceiving) -> None:
    """S23: scans of one lot are added up; their texts are kept, one a line."""
    one, other = f"(01){MILK_CASE}(10)L", f"(01){MILK_CASE}(10)l(17)270331"
    result = receive(service, one, other, f"(01){MILK_CASE}(10)X")
    assert error_codes(result) == ["not_shipped_to_customer"]
    (event,) = [event for event in result.events if isinstance(event, ReturnLotsReceived)]
    assert [(lot.lot, lot.quantity, lot.scan) for lot in event.lots] == [("L", Decimal(24), f"{one}\n{other}")]
    (kept,) = service.uow.returned_lots
    assert kept.scan == f"{one}\n{other}"


def test_nothing_sound_receives_nothing(service: InMemoryReceiving) -> None:
    """S13: a return none of whose scans means anything is rejected."""
    result = receive(service, "nothing", PUMP_GTIN)
    assert result.is_rejected
    assert error_codes(result) == ["serials_required", "unknown_scan"]
