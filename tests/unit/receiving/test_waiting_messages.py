"""Changes that arrive before their ASN: applied once when it arrives, or rejected after some time."""

from datetime import timedelta

from shared.contracts.upstream import AsnCancelled
from shared.messaging.waiting import WaitingOverdue
from tests.support.in_memory.receiving import NOW, InMemoryReceiving
from tests.unit.receiving.steps import (
    amend_receipt,
    announce_receipt,
    asn_line,
    error_codes,
    event_types,
    line_counts,
    unit_status,
)


def rejections(service: InMemoryReceiving) -> list[tuple[str, str]]:
    """Return the types and codes of the messages that were kept and are rejected now."""
    return [(event.type, str(violation.code)) for event, violation in service.uow.rejected]


def test_amendment_before_its_asn_is_applied_once() -> None:
    """An amendment waits for its ASN and has the effect of a later one (S05)."""
    service = InMemoryReceiving()
    result = amend_receipt(service, "R1", asn_line(["A", "B"], 3))
    assert (result.is_waiting, result.resource_path) == (True, "/waiting-messages?document=R1")
    announced = announce_receipt(service, "R1", asn_line(["A"]))
    assert not error_codes(announced)
    assert line_counts(service, "R1") == (3, 2, 0, 0, 0)
    assert unit_status(service, "B") == "EXPECTED"
    assert not service.uow.waiting.events_of("R1")


def test_amendment_that_its_asn_does_not_allow_is_rejected_itself() -> None:
    """The ASN is taken in as it is; the rejection names the amendment."""
    service = InMemoryReceiving()
    amend_receipt(service, "R1", {"line": "9", "sku": "PUMP"})
    assert not error_codes(announce_receipt(service, "R1", asn_line(["A"])))
    assert rejections(service) == [("asn.changed.v1", "quantity_required")]


def test_cancelled_asn_rejects_its_amendments() -> None:
    """An ASN whose cancellation waits expects nothing, and what else waited is rejected."""
    service = InMemoryReceiving()
    amend_receipt(service, "R1", asn_line(["A", "B"]))
    service.handle_command(AsnCancelled(receipt="R1", reason="lost at sea"))
    assert event_types(announce_receipt(service, "R1", asn_line(["A"]))) == ["receipt.closed.v1"]
    assert rejections(service) == [("asn.changed.v1", "receipt_cancelled")]
    receipt = service.uow.receipts["R1"]
    assert (receipt.status, receipt.reason, receipt.warehouse) == ("CANCELLED", "lost at sea", "EAST")


def test_overdue_change_is_rejected_once() -> None:
    """A change whose ASN does not arrive is rejected, and an ASN that arrives later is not affected."""
    service = InMemoryReceiving()
    service.handle_command(AsnCancelled(receipt="R1"))
    for expected in ([("asn.cancelled.v1", "receipt_not_found")], []):
        service.handle(WaitingOverdue(document="R1", received_until=NOW + timedelta(hours=1)))
        assert rejections(service) == expected
    announce_receipt(service, "R1", asn_line(["A"]))
    assert service.uow.receipts["R1"].status == "PLANNED"
