"""Rejection events of bounded size."""

from shared.contracts.commands.fulfillment import CreateShipment
from shared.contracts.fulfillment import OrderRejected
from shared.contracts.problems import Code, ProblemDetail
from shared.messaging.rejections import MAX_DETAIL_LENGTH, Rejection
from tests.support.events import to_event


def test_long_rejection_is_truncated_in_its_event() -> None:
    """Long details and id lists are truncated in the event, but complete in the table."""
    data = CreateShipment(shipment="SH-1", cartons=["C-1"])
    event = to_event(data)
    ids = ["\x01" * 1024] * 20_000
    violation = ProblemDetail(
        code=Code.CARTON_NOT_FOUND, detail=" ".join(ids), ids=ids, blocked_by=["/orders/1"] * 20_000
    )
    rejection = Rejection(event, violations=[violation])
    (rejected,) = rejection.to_events(OrderRejected)
    assert len(rejected.model_dump_json()) < 500_000
    assert len(rejected.detail) == MAX_DETAIL_LENGTH
    assert rejection.to_row()["violations"][0]["ids"] == ids
