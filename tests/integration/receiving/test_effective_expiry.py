"""Expiry dates from best-before dates and shelf-life days, on the real database and over HTTP."""

import httpx

from shared.contracts.commands.receiving import ConfirmSession, ScanItems
from shared.contracts.upstream import AsnAnnounced, ProductDefined
from tests.integration.receiving.conftest import ReceivingHarness
from tests.integration.receiving.lot_messages import lot_scan_command, scanned_lot
from tests.integration.receiving.test_http import get_json


async def test_dates_are_stored_and_shown_with_their_source(
    milk_harness: ReceivingHarness, http: httpx.AsyncClient
) -> None:
    """A best-before date of lots and the shelf life of units give the expiry that is received and shown (S24)."""
    harness, milk, valve = milk_harness, milk_harness.scoped_id("MILK"), milk_harness.scoped_id("VALVE")
    best_before = {"expiry_basis": "BEST_BEFORE"}
    shelf_life = {"shelf_life_days": 3650, "expiry_required": True}
    receipt = {"receipt": harness.scoped_id("RV"), "warehouse": harness.scoped_id("EAST")}
    scan = {"receipt": receipt["receipt"], "session": "S", "location": f"{harness.scoped_id('EAST')}/DOCK"}
    result = await harness.handle(
        ProductDefined.model_validate({"sku": milk, "shelf_life": best_before}),
        ProductDefined.model_validate(
            {"sku": valve, "name": "Valve", "serial_tracked": True, "shelf_life": shelf_life}
        ),
        lot_scan_command(harness, scanned_lot("B-1", 40, None, best_before="2090-01-31")),
        ConfirmSession(receipt=harness.scoped_id("R"), session="S"),
        AsnAnnounced.model_validate(
            receipt | {"lines": [{"line": "1", "sku": valve, "quantity": 1, "serials": ["V-1"]}]}
        ),
        ScanItems.model_validate(scan | {"sku": valve, "serials": ["V-1"], "manufactured_on": "2026-01-31"}),
        ConfirmSession(receipt=receipt["receipt"], session="S"),
    )
    assert result.error_codes() == []
    ((lot,),) = (data["lots"] for data in result.data_of("receipt.lots_received.v1"))
    (units,) = result.data_of("receipt.serials_received.v1")
    assert (lot["expiry"], lot["expiry_source"]) == ("2090-01-31", "BEST_BEFORE")
    assert (units["expiry"], units["expiry_source"]) == ("2036-01-29", "SHELF_LIFE_DAYS")
    (shown,) = (await get_json(http, f"/receipts/{harness.scoped_id('R')}/lots"))["items"]
    assert (shown["expiry"], shown["best_before"], shown["expiry_source"]) == ("2090-01-31",) * 2 + ("BEST_BEFORE",)
    product = await get_json(http, f"/products/{valve}")
    assert product["shelf_life"]["shelf_life_days"] == 3650
