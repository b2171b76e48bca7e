"""Changes that arrive before their ASN, over HTTP and in the database."""

import httpx

from shared.contracts.upstream import AsnCancelled, AsnChanged, WarehouseDefined
from tests.integration.receiving.conftest import ReceivingHarness
from tests.integration.receiving.test_http import post


async def test_change_before_its_asn_waits(harness: ReceivingHarness, http: httpx.AsyncClient) -> None:
    """The amendment is accepted with 202, listed with its age, and applied once when the ASN arrives (S05)."""
    receipt = harness.scoped_id("R")
    line = {"line": "1", "sku": harness.scoped_id("PUMP"), "quantity": 3, "serials": ["A", "B"]}
    response = await post(http, f"/receipts/{receipt}/amend", lines=[line])
    assert (response.status_code, response.json()["status"]) == (202, "UNKNOWN")
    path = response.headers["Location"]
    (waiting,) = (await http.get(path)).json()["items"]
    assert (waiting["type"], waiting["document"]) == ("asn.changed.v1", receipt)
    assert 0 <= waiting["age_seconds"] < 60
    assert (await harness.handle(harness.asn_command("R", "A"))).error_codes() == []
    assert await harness.unit_statuses() == {"A": "EXPECTED", "B": "EXPECTED"}
    assert (await http.get(path)).json()["items"] == []
    (stored,) = (await http.get(f"/receipts/{receipt}/lines")).json()["items"]
    assert stored["expected_quantity"] == 3


async def test_change_and_asn_in_one_transaction(harness: ReceivingHarness) -> None:
    """What precedes its ASN in one batch is applied in the transaction, and is not stored."""
    receipt, sku = harness.scoped_id("R"), harness.scoped_id("PUMP")
    change = AsnChanged.model_validate({"receipt": receipt, "lines": [{"line": "1", "sku": sku, "quantity": 5}]})
    await harness.handle(change, harness.asn_command("R", "A"))
    rows = await harness.fetch_all("SELECT expected_quantity FROM receipt_line WHERE receipt = :id", id=receipt)
    assert [int(row["expected_quantity"]) for row in rows] == [5]
    await harness.handle(AsnCancelled(receipt=harness.scoped_id("R2")), harness.asn_command("R2", "B"))
    assert (await harness.unit_statuses()).keys() == {"A"}
    stored = "SELECT 1 FROM waiting_message WHERE document = ANY (ARRAY[:first, :second])"
    assert not await harness.fetch_all(stored, first=receipt, second=harness.scoped_id("R2"))


async def test_asn_awaits_its_warehouse(harness: ReceivingHarness, http: httpx.AsyncClient) -> None:
    """An ASN of an unknown warehouse is taken in and says what it waits for, until the warehouse is defined (S05)."""
    receipt, warehouse = harness.scoped_id("R"), harness.scoped_id("NEW")
    await harness.handle(harness.asn_command("R", "A", warehouse=warehouse))
    assert (await http.get(f"/receipts/{receipt}")).json()["awaiting_warehouse"] is True

    async def waiting_receipts() -> list[str]:
        parameters = {"warehouse": warehouse, "awaiting_warehouse": "true"}
        return [item["receipt"] for item in (await http.get("/receipts", params=parameters)).json()["items"]]

    assert await waiting_receipts() == [receipt]
    await harness.handle(WarehouseDefined(warehouse=warehouse, name="New", time_zone="UTC"))
    assert (await http.get(f"/receipts/{receipt}")).json()["awaiting_warehouse"] is False
    assert await waiting_receipts() == []
