"""What is said of a refused message fits an event, whatever was refused."""

from datetime import UTC, datetime
from typing import Any

from shared.contracts.commands.fulfillment import CreateShipment
from shared.contracts.envelope import CloudEvent
from shared.contracts.fulfillment import OrderRejected
from shared.contracts.problems import Code, Refusal
from shared.rejections import LONGEST_DETAIL, Rejection


def test_a_refusal_of_very_much_is_said_in_an_event_that_fits() -> None:
    """Thousands of ids, and a detail that names them all: the event is cut, the row of the table has everything."""
    data = CreateShipment(shipment="SH-1", cartons=["C-1"])
    event = CloudEvent[Any].model_construct(
        id="1", source="wms", type=data.TYPE, time=datetime(2026, 1, 5, tzinfo=UTC), data=data
    )
    ids = ["\x01" * 1024] * 20_000
    refusal = Refusal(code=Code.UNKNOWN_CARTON, detail=" ".join(ids), ids=ids, blocked_by=["/orders/1"] * 20_000)
    rejection = Rejection(event, refusals=[refusal])
    (said,) = rejection.said_as(OrderRejected)
    assert len(said.model_dump_json()) < 500_000
    assert len(said.detail) == LONGEST_DETAIL
    assert rejection.row()["refusals"][0]["ids"] == ids
