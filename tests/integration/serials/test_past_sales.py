"""Units sold before the registry existed, and units from their vendor, on the real database."""

import httpx
import pytest

from shared.contracts.commands.serials import AdjustSerials, RegisterSoldSerials
from shared.contracts.product_attributes import Warranty
from shared.contracts.receiving import ReturnSerialsDisposed
from shared.contracts.serial_formats import SerialFormat
from tests.integration.serials.conftest import SerialsHarness
from tests.integration.serials.messages import ProductMessages, recall_opened, serial_numbers
from tests.support.auth import bearer
from tests.support.messages.reference import product_changed
from tests.support.messages.serials import DOCK


def past_sale(harness: SerialsHarness, serials: list[str], number: int = 1) -> RegisterSoldSerials:
    """Return the registration of a sale."""
    return RegisterSoldSerials.model_validate({
        "sku": harness.sku, "serials": serials, "sold_on": "2026-01-31", "order": f"SO-{harness.sku}-{number}",
        "customer": harness.scoped_id("C"), "customer_name": "Joe Doe", "contact": "+49 30 1", "reason": "go-live",
    })  # fmt: skip


@pytest.fixture
async def product(harness: SerialsHarness) -> None:
    """Define the product of the test."""
    await harness.handle(product_changed(harness.sku, "SERIAL", warranty=Warranty(months=13)))


@pytest.mark.usefixtures("product")
async def test_registration_over_http(harness: SerialsHarness, http: httpx.AsyncClient) -> None:
    """Units of a past sale show day, buyer and warranty, in the list of what the customer owns too (S46)."""
    serials, sale = serial_numbers(3), past_sale(harness, serial_numbers(3))
    headers = {**bearer("sue"), "Idempotency-Key": harness.scoped_id("key")}
    response = await http.post("/past-sales", json=sale.model_dump(mode="json"), headers=headers)
    assert response.status_code == 200, response.text
    unit = (await http.get(f"/serials/{harness.sku}/{serials[0]}")).json()
    expected = {
        "status": "SHIPPED", "order": sale.order, "shipment": sale.order, "customer": sale.customer,
        "customer_name": "Joe Doe", "shipped_at": "2026-01-31T12:00:00Z", "warranty_starts_on": "2026-01-31",
        "warranty_ends_on": "2027-02-28", "location": None, "received_at": None,
    }  # fmt: skip
    assert {name: unit[name] for name in expected} == expected
    assert [(entry["change"], entry["actor"], entry["reason"]) for entry in unit["history"]] == [
        ("SALE_REGISTERED", "sue", "go-live")
    ]
    owned = (await http.get("/serials", params={"customer": sale.customer, "status": "SHIPPED"})).json()["items"]
    assert [item["serial"] for item in owned] == serials


@pytest.mark.usefixtures("product")
async def test_statement_counts_are_constant(harness: SerialsHarness) -> None:
    """Neither the units of a message nor the messages of a batch add a statement."""
    message, counts = ProductMessages(harness.sku), []
    for number, size in enumerate((2, 40), start=1):
        units = [f"P-{number}-{index:03}" for index in range(size)]
        sales = [past_sale(harness, units[: size // 2], number), past_sale(harness, units[size // 2 :], number)]
        registered = (await harness.handle(*sales)).statement_count
        await harness.handle(message.return_from_customer(number, units, version=1, return_id=f"RMA-{number}"))
        await harness.handle(
            ReturnSerialsDisposed(
                return_id=f"RMA-{number}", hold_id=f"RMA-{number}", sku=harness.sku, serials=units, reason="repair",
                disposition="RETURN_TO_VENDOR",
            )
        )  # fmt: skip
        repaired = await harness.handle(
            AdjustSerials(
                sku=harness.sku, serials=units, adjustment="RETURNED_FROM_VENDOR", location=DOCK, reason="repaired"
            )
        )
        assert not repaired.error_codes()
        counts.append((registered, repaired.statement_count))
    assert counts[0] == counts[1]


@pytest.mark.usefixtures("product")
async def test_open_recall_learns_of_a_past_sale(harness: SerialsHarness) -> None:
    """An open recall is told whom to call about a unit that is registered later (S46)."""
    await harness.handle(recall_opened(harness, serials=["P-1"]))
    [update] = (await harness.handle(past_sale(harness, ["P-1", "P-2"]))).data_of("serial.recalled.v1")
    [unit] = update["units"]
    assert (unit["serial"], unit["status"], unit["held"]) == ("P-1", "SHIPPED", False)
    assert (unit["customer_name"], unit["contact"]) == ("Joe Doe", "+49 30 1")
    assert unit["shipped_at"] == "2026-01-31T12:00:00Z"


async def test_serial_format_of_the_product(harness: SerialsHarness) -> None:
    """The format of the product is stored with it, and refuses a number of a past sale that does not match (S17)."""
    serial_format = SerialFormat(min_length=4, max_length=4)
    await harness.handle(product_changed(harness.sku, "SERIAL", serial_format=serial_format))
    assert (await harness.handle(past_sale(harness, ["AB12"]))).error_codes() == []
    assert (await harness.handle(past_sale(harness, ["AB123"], 2))).error_codes() == ["serial_format_mismatch"]
