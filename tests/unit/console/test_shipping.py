"""Pages of shipping: what they offer to whom."""

from datetime import UTC, datetime

import httpx
import pytest
from htpy import fragment
from starlette.requests import Request

from services.console.app import create_app
from services.console.clients.fulfillment import ShipmentDetail
from services.console.page import Visit, _visit
from services.console.shipping.queries import ShipmentData
from services.console.shipping.views import Acts, shipment_page
from shared.auth.roles import Role

NOW = datetime(2026, 11, 30, 20, 15, tzinfo=UTC)
SHIPMENT = ShipmentDetail(
    shipment="SH-1", warehouse="EAST", orders=["SO-1"], carrier="", tracking_number="", status="CREATED",
    created_at=NOW, created_by="otto", dispatched_at=None, check_id=None, cartons=[],
)  # fmt: skip


@pytest.mark.parametrize(
    ("acts", "offered"),
    [(Acts(False, False), []), (Acts(True, False), ["dispatch"]), (Acts(True, True), ["dispatch", "cancel"])],
)
def test_only_allowed_acts_are_offered(acts: Acts, offered: list[str]) -> None:
    """S19: an operator may dispatch a shipment, a supervisor cancel it too; a viewer looks only."""
    shown = str(fragment[shipment_page(ShipmentData(SHIPMENT, None), acts)])
    assert [act for act in ("dispatch", "cancel") if f'action="/shipping/SH-1/{act}"' in shown] == offered


async def test_an_operator_may_not_cancel_a_shipment() -> None:
    """A cancellation sent all the same is refused with the role that it takes, before the service is asked."""

    def visit_as_operator(request: Request) -> Visit:
        return Visit(request, "otto", frozenset({Role.OPERATOR}))

    app = create_app()
    app.dependency_overrides[_visit] = visit_as_operator
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(app), base_url="http://console", headers={"sec-fetch-site": "same-origin"}
    ) as client:
        response = await client.post("/shipping/SH-1/cancel", data={"reason": "late"})
    assert response.status_code == 403
    assert "Supervisor" in response.text
