"""Orders of lot-tracked and untracked products, on a real database and over HTTP."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from httpx import AsyncClient

from shared.contracts.commands.fulfillment import DispatchShipment, UnpickItems
from shared.contracts.fulfillment import (
    AllocationRequested,
    CartonPacked,
    DispatchCheckRequested,
    OrderDispatched,
    OrderLotsUnpicked,
    OrderStatusChanged,
)
from shared.contracts.lots import (
    SkippedLots,
)
from shared.contracts.problems import Code
from shared.contracts.upstream import OrderLine
from tests.integration.fulfillment.harness import FulfillmentHarness, last_outbox_event, post
from tests.integration.fulfillment.lot_harness import FAR_EXPIRY, LotHarness
from tests.support.messages.reference import location_changed


async def test_mixed_order_over_http(harness: FulfillmentHarness, lot_harness: LotHarness, http: AsyncClient) -> None:
    """Serial-tracked, lot-tracked and untracked products are picked, packed and shipped together.

    The pick list shows lot, expiry, location and quantity in pick sequence (S19, S27). The shipment is dispatched once
    both stock services have approved its whole content (S10, S21, S28).
    """
    await harness.handle(location_changed("EAST/A-0"))
    other_lines = (
        OrderLine(line="2", sku=harness.sku, quantity=Decimal(1)),
        OrderLine(line="3", sku=lot_harness.untracked_sku, quantity=2),
    )
    await harness.handle(lot_harness.order_placed("SO-1", "2.5", *other_lines))
    lot_request, serial_request, untracked_request = harness.events_of(AllocationRequested)
    skipped = [SkippedLots(lot="OLD", quantity=Decimal(3), reason="expired")]
    await harness.handle(
        lot_harness.lot_allocated(lot_request, ("L1", 1), ("L2", "1.5"), expiry=date(2199, 5, 1), skipped=skipped),
        harness.serial_allocated(serial_request, ["S1"]),
        lot_harness.lot_allocated(untracked_request, ("", 2), location="EAST/A-0", expiry=None),
    )
    order_id, units = harness.scoped_id("SO-1"), [{"sku": harness.sku, "serial": "S1"}]
    picks = (await http.get(f"/orders/{order_id}/picks")).json()["items"]
    assert [(item["location"], item["serial"], item["lot"], item["expiry"], item["quantity"]) for item in picks] == [
        ("EAST/A-0", None, "", None, 2),
        ("EAST/A-1", None, "L1", "2199-05-01", 1),
        ("EAST/A-1", None, "L2", "2199-05-01", 1.5),
        ("EAST/A-1", "S1", None, None, 1),
    ]
    stock = [
        {"sku": lot_harness.sku, "lot": "L1", "quantity": 1},
        {"sku": lot_harness.sku, "lot": "L2", "quantity": 1.5},
        {"sku": lot_harness.untracked_sku, "quantity": 2},
    ]
    picked = await post(http, "/picks", {"order": order_id, "units": units, "stock": stock, "location": "EAST/STAGE"})
    assert [(item["lot"], item["quantity"], item["line"]) for item in picked.json()["stock"]] == [
        ("L1", 1, "1"), ("L2", 1.5, "1"), ("", 2, "3"),
    ]  # fmt: skip
    carton, shipment = harness.scoped_id("C-1"), harness.scoped_id("SH-1")
    await post(http, "/packs", {"order": order_id, "carton": carton, "units": units, "stock": stock})
    carton_body = (await http.get(f"/cartons/{carton}")).json()
    assert sorted((item["lot"], item["quantity"]) for item in carton_body["stock"]) == [("", 2), ("L1", 1), ("L2", 1.5)]
    await post(http, "/shipments", {"shipment": shipment, "cartons": [carton]})
    result = await harness.handle_command(DispatchShipment(shipment=shipment))
    (request,) = harness.events_of(DispatchCheckRequested)
    assert (len(request.units), len(request.stock)) == (1, 3)
    await harness.handle(*harness.approvals_for([request]))
    first, second = lot_harness.approvals_for([request])
    await harness.handle(first)
    assert not harness.events_of(OrderDispatched)
    await harness.handle(second)
    (dispatched,) = harness.events_of(OrderDispatched)
    assert (dispatched.customer_name, dispatched.contact, len(dispatched.units), len(dispatched.stock)) == (
        "Ann",
        "+49 40 1",
        1,
        3,
    )
    assert (await http.get(result.resource_path or "")).json()["status"] == "DISPATCHED"
    (carton_body,) = (await http.get(f"/shipments/{shipment}")).json()["cartons"]
    assert {item["status"] for item in carton_body["stock"] + carton_body["units"]} == {"SHIPPED"}
    order_body = (await http.get(f"/orders/{order_id}")).json()
    assert (order_body["status"], [line["shipped"] for line in order_body["lines"]]) == ("SHIPPED", [2.5, 1, 2])
    assert [(item["lot"], item["status"], item["shipment"]) for item in order_body["stock"]] == [
        ("L1", "SHIPPED", shipment), ("L2", "SHIPPED", shipment), ("", "SHIPPED", shipment),
    ]  # fmt: skip
    assert order_body["demands"][0]["skipped_summary"] == f"3 of {lot_harness.sku} lot OLD expired"
    log = (await http.get(f"/orders/{order_id}/log")).json()["items"]
    (dispatched_entry,) = [entry for entry in log if entry["action"] == "DISPATCHED"]
    assert {"sku": lot_harness.sku, "lot": "L2", "quantity": 1.5} in dispatched_entry["detail"]["stock"]


async def test_partial_quantities_are_picked_packed_and_returned(
    harness: FulfillmentHarness, lot_harness: LotHarness
) -> None:
    """An allocated lot is split by partial picks and packs, and merged when the parts are equal again (S12, S20)."""
    await lot_harness.allocate_order("SO-1", ("L1", 10))
    query = (
        "SELECT status, carton IS NOT NULL AS packed, quantity FROM allocated_lot WHERE order_id = :order ORDER BY 1, 2"
    )

    async def allocated_lots() -> list[tuple[Any, ...]]:
        return [tuple(row.values()) for row in await harness.fetch_all(query, order=harness.scoped_id("SO-1"))]

    await harness.handle(lot_harness.pick_command("SO-1", ("L1", 3)))
    await harness.handle(lot_harness.pick_command("SO-1", ("L1", "1.5")))
    assert await allocated_lots() == [("ALLOCATED", False, 5.5), ("PICKED", False, 4.5)]
    await harness.handle(
        lot_harness.pack_command("SO-1", "C-1", ("L1", 1)), lot_harness.pack_command("SO-1", "C-1", ("L1", 1))
    )
    (content, *_) = harness.events_of(CartonPacked)[::-1]
    assert [float(part.quantity) for part in content.stock] == [2]
    assert await allocated_lots() == [("ALLOCATED", False, 5.5), ("PICKED", False, 2.5), ("PICKED", True, 2)]
    unpick = UnpickItems(
        order=harness.scoped_id("SO-1"),
        stock=lot_harness.lot_selectors(("L1", "4.5")),
        location="EAST/A-1",
        reason="wrong",
    )
    await harness.handle(unpick)
    (unpicked,) = harness.events_of(OrderLotsUnpicked)
    assert ([float(part.quantity) for part in unpicked.lots], unpicked.reallocate) == ([4.5], True)
    assert await allocated_lots() == [("ALLOCATED", False, 5.5)]
    (status_changed,) = harness.events_of(OrderStatusChanged)
    assert (
        status_changed.lines[0].allocated,
        status_changed.lines[0].picked,
        status_changed.lines[0].open,
    ) == (
        5.5,
        0,
        4.5,
    )


async def test_rejected_pick_suggests_the_allocated_lot(
    harness: FulfillmentHarness, lot_harness: LotHarness, http: AsyncClient
) -> None:
    """An unknown lot, a lot of another product or a missing lot returns 409 with a suggested lot (S02, S20)."""
    await lot_harness.allocate_order("SO-1", ("L1", 2))
    other = LotHarness(harness)
    other.sku = harness.scoped_id("OTHER")
    await other.define_reference_data()
    for sku, lot, suggested in (
        (lot_harness.sku, "L9", ["L1"]),
        (lot_harness.sku, "", ["L1"]),
        (other.sku, "L1", None),
    ):
        stock = [{"sku": sku, "lot": lot, "quantity": 1}]
        response = await post(
            http, "/picks", {"order": harness.scoped_id("SO-1"), "stock": stock, "location": "EAST/STAGE"}
        )
        assert (response.status_code, response.json()["code"]) == (409, "not_on_pick_list")
        assert response.json().get("suggested") == suggested
    assert "L1 at EAST/A-1" in response.json()["detail"] or "none to pick" in response.json()["detail"]


@pytest.mark.parametrize("quantity", [0, -1, 10**15, "1.0000001", "many", None])
async def test_invalid_lot_quantities(
    harness: FulfillmentHarness, lot_harness: LotHarness, http: AsyncClient, quantity: Any
) -> None:
    """Zero, negative, too large or too precise quantities return 400 and change nothing (S20)."""
    await lot_harness.allocate_order("SO-1", ("L1", 2))
    body = {"order": harness.scoped_id("SO-1"), "stock": [{"sku": lot_harness.sku, "lot": "L1", "quantity": quantity}]}
    response = await post(http, "/picks", body | {"location": "EAST/STAGE"})
    assert (response.status_code, response.json()["code"]) == (400, "validation_error")


async def test_at_most_500_lots_per_message(
    harness: FulfillmentHarness, lot_harness: LotHarness, http: AsyncClient
) -> None:
    """0 and 501 entries are invalid; 500 entries are processed one by one."""
    selector = {"sku": lot_harness.sku, "lot": "L1", "quantity": 1}
    body = {"order": harness.scoped_id("SO-1"), "location": "EAST/STAGE"}
    for stock in ([selector] * 501, []):
        assert (await post(http, "/picks", body | {"stock": stock})).json()["code"] == "validation_error"
    await lot_harness.allocate_order("SO-1", ("L1", 499))
    response = await post(http, "/picks", body | {"stock": [selector] * 500})
    assert [problem["code"] for problem in response.json()["rejected"]] == ["insufficient_stock"]


async def test_lot_swap_outcomes(harness: FulfillmentHarness, lot_harness: LotHarness, http: AsyncClient) -> None:
    """A swap returns 202 with a path: in progress, then done, possibly in part, or failed with a reason."""
    for order_name, allocated, status in (
        ("SO-1", [("L9", 2)], "DONE"),
        ("SO-2", [("L9", 1)], "DONE"),
        ("SO-3", [], "FAILED"),
    ):
        await lot_harness.allocate_order(order_name, ("L1", 3))
        stock = {"sku": lot_harness.sku, "lot": "L1", "quantity": 2}
        body = {"order": harness.scoped_id(order_name), "stock": stock, "replacement": "L9", "reason": "customer asked"}
        response = await post(http, "/lot-swaps", body)
        assert response.status_code == 202
        path = response.headers["Location"]
        assert (await http.get(path)).json()["status"] == "IN_PROGRESS"
        request = AllocationRequested.model_validate(
            (await last_outbox_event(harness, "allocation.requested.v1"))["data"]
        )
        assert request.demand_id == response.json()["swap_id"]
        await harness.handle(lot_harness.lot_allocated(request, *allocated, final=True))
        outcome = (await http.get(path)).json()
        shown = (outcome["status"], outcome["lot"], outcome["replacement"], outcome["quantity"], outcome["allocated"])
        assert shown == (status, "L1", "L9", 2, sum(quantity for _, quantity in allocated))
        open_quantity = 2 - sum(quantity for _, quantity in allocated)
        assert [float(new_request.quantity) for new_request in harness.events_of(AllocationRequested)] == (
            [open_quantity] if open_quantity else []
        )


async def test_ship_complete_order_waits_for_all_lots(
    harness: FulfillmentHarness, lot_harness: LotHarness, http: AsyncClient
) -> None:
    """The pick list is empty and picks are rejected until every lot line is fully allocated."""
    request = await lot_harness.place_order("SO-1", 3, backorders="SHIP_COMPLETE")
    await harness.handle(lot_harness.lot_allocated(request, ("L1", "2.5")))
    assert (await http.get(f"/orders/{harness.scoped_id('SO-1')}/picks")).json()["items"] == []
    assert await harness.rejection_codes(lot_harness.pick_command("SO-1", ("L1", 1))) == [Code.NOT_RELEASED]
    remaining_request = request.model_copy(update={"quantity": Decimal("0.5")})
    await harness.handle(lot_harness.lot_allocated(remaining_request, ("L2", "0.5"), expiry=FAR_EXPIRY))
    result = await harness.handle_command(lot_harness.pick_command("SO-1", ("L1", "2.5"), ("L2", "0.5")))
    assert not result.violations
