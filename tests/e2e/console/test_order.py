"""An order in a browser, from the dock to the customer and back, by scans and few taps."""

from playwright.async_api import expect

from tests.e2e.console.conftest import Crowd
from tests.e2e.serial_scenario import CUSTOMER, DOCK, SHELF, SerialScenario
from tests.support.timing import MAX_WAIT_SECONDS

PATIENCE = MAX_WAIT_SECONDS * 1000


async def test_an_order_from_the_dock_to_the_customer_and_back(crowd: Crowd, scenario: SerialScenario) -> None:
    """S19, S20, S21, S23: put away in two inputs, picked with a scan a unit, packed, dispatched, returned."""
    await scenario.define_product()
    serials = scenario.new_serials(3)
    receipt = await scenario.receive(serials)
    await scenario.wait_for_status(serials, "RECEIVED")
    otto = await crowd.sign_in()
    page = otto.page

    await otto.open(f"/putaway/group?sku={scenario.sku}&at={DOCK}&receipt={receipt}")
    await otto.scan(SHELF)
    await page.click("[data-all]")
    await expect(page.locator('[data-scans] li[data-tone="good"]')).to_have_count(3, timeout=PATIENCE)
    await expect(page.locator("#done-units")).to_have_text("3 / 3")

    order = await scenario.place_order(2)
    allocated = await scenario.wait_for_allocation(order, 2)
    await otto.open(f"/picking/{order}")
    await page.keyboard.press("F8")
    await page.wait_for_url("**/short")
    await page.click(".back")
    await page.wait_for_url(f"**/picking/{order}")
    await otto.scan("STRANGER-1")
    await expect(page.locator("[data-verdict]")).to_contain_text("Not on the pick list", timeout=PATIENCE)
    await otto.take_picture("picking-wrong-phone")
    for serial in allocated:
        await otto.scan(f"]C0{serial}")
    await expect(page.locator('[data-scans] li[data-tone="good"]')).to_have_count(2, timeout=PATIENCE)

    await page.click("[data-done]")
    await page.wait_for_url("**/packing/*")
    await page.click("[data-all]")
    await page.click("#cartons form button", timeout=PATIENCE)
    await page.wait_for_url("**/shipping/*")
    await page.click("[data-confirm]")
    await expect(page.locator(".head .sign")).to_contain_text("Gone", timeout=PATIENCE)
    await otto.take_picture("shipment-phone")
    await scenario.wait_for_status(allocated, "SHIPPED")
    history = (await scenario.get_unit(allocated[0]))["history"]
    assert f"]C0{allocated[0]}" in [entry["scan"] for entry in history]

    await otto.open("/returns")
    await otto.scan(f"]C0{allocated[0]}")
    await page.wait_for_url("**/returns/new*")
    await expect(page.locator("dl")).to_contain_text(CUSTOMER.name)
    await page.check("input[name=reason][value=Defective]")
    await page.click("main form[method=post] button")
    await expect(page.locator("h1")).to_contain_text("RMA-", timeout=PATIENCE)
    sue = await crowd.sign_in("sue", is_phone=False)
    await sue.page.goto(page.url)
    await sue.page.check("input[name=disposition][value=SCRAP]")
    await sue.page.fill("input[name=reason]", "motor burnt")
    await sue.page.click("main form button")
    await expect(sue.page.locator("main .sign")).to_contain_text("Scrap", timeout=PATIENCE)
    returned = await scenario.system.get_json("receiving", f"/returns/{page.url.rsplit('/', 1)[1]}")
    assert returned["units"]["items"][0]["scan"] == f"]C0{allocated[0]}"
    await sue.take_picture("return-desktop")
