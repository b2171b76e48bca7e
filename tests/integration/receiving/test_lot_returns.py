"""Returns of lots, on the real database and over HTTP."""

import httpx

from services.receiving.app import app
from shared.contracts.commands.receiving import DisposeReturn
from tests.integration.receiving.conftest import ReceivingHarness
from tests.integration.receiving.lot_messages import lots_shipped_event, return_command
from tests.integration.receiving.test_http import get_json, post
from tests.support.progress import FixedProgress


async def test_returned_lots_are_disposed_in_parts(milk_harness: ReceivingHarness, http: httpx.AsyncClient) -> None:
    """Shipped lots are returned once, on hold; parts are restocked and scrapped, and all are shown."""
    await milk_harness.handle(
        lots_shipped_event(milk_harness, ("A", 6)), lots_shipped_event(milk_harness, ("A", 4), ("B", 2.5))
    )
    result = await milk_harness.handle(return_command(milk_harness, ("A", 8), ("B", 2.5)))
    (return_event,) = result.data_of("return.lots_received.v1")
    repeated = await milk_harness.handle(return_command(milk_harness, ("A", 3), name="RMA2"))
    (violation,) = repeated.results[0].violations
    assert (violation.code, violation.blocked_by) == ("already_returned", [f"/returns/{milk_harness.scoped_id('RMA')}"])
    partial_disposition = {"return_id": milk_harness.scoped_id("RMA"), "disposition": "RESTOCK", "reason": "sealed"}
    partial_disposition["lots"] = [{"lot": "A", "quantity": 5}]  # type: ignore[assignment]
    full_disposition = {"return_id": milk_harness.scoped_id("RMA"), "disposition": "SCRAP", "reason": "sour"}
    result = await milk_harness.handle(
        DisposeReturn.model_validate(partial_disposition), DisposeReturn.model_validate(full_disposition)
    )
    disposed = [
        (disposition_event["disposition"], disposition_event["lots"], disposition_event["hold_id"])
        for disposition_event in result.data_of("return.lots_disposed.v1")
    ]
    assert disposed == [
        ("RESTOCK", [{"lot": "A", "quantity": 5}], return_event["hold_id"]),
        ("SCRAP", [{"lot": "A", "quantity": 3}, {"lot": "B", "quantity": 2.5}], return_event["hold_id"]),
    ]
    return_detail = await get_json(http, f"/returns/{milk_harness.scoped_id('RMA')}")
    assert [
        (returned_lot["lot"], returned_lot["quantity"], returned_lot["pending_quantity"])
        for returned_lot in return_detail["lots"]
    ] == [("A", 8, 0), ("B", 2.5, 0)]
    lot_page = await get_json(http, f"/returns/{milk_harness.scoped_id('RMA')}/lots", limit=1)
    dispositions = [
        (disposition["quantity"], disposition["disposition"], disposition["disposed_by"])
        for disposition in lot_page["items"][0]["dispositions"]
    ]
    assert (dispositions, lot_page["next"] is not None) == ([(5, "RESTOCK", "anna"), (3, "SCRAP", "anna")], True)


async def test_return_of_lots_before_their_shipment_is_known(
    milk_harness: ReceivingHarness, http: httpx.AsyncClient
) -> None:
    """A return before its shipment event may be retried; for another customer it stays rejected (S18)."""
    return_body = return_command(milk_harness, ("A", 8)).model_dump(mode="json", exclude_unset=True)
    app.state.progress = FixedProgress(is_settled=False)
    early = await post(http, "/returns", **return_body)
    assert (early.status_code, early.json()["code"], early.headers["Retry-After"]) == (409, "not_yet_available", "1")
    await milk_harness.handle(lots_shipped_event(milk_harness, ("A", 6), ("B", 1)))
    smaller = await post(http, "/returns", **return_body)
    assert (smaller.json()["code"], "Retry-After" in smaller.headers) == ("not_shipped_to_customer", False)
    other = await post(http, "/returns", **return_body | {"customer": "D", "lots": [{"lot": "B", "quantity": 1}]})
    assert other.json()["code"] == "not_shipped_to_customer"
    await milk_harness.handle(lots_shipped_event(milk_harness, ("A", 2)))
    assert (await milk_harness.handle(return_command(milk_harness, ("A", 8)))).error_codes() == []
