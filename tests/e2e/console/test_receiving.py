"""Receiving in a browser: what is scanned is kept, sent once and in order, and answered."""

from playwright.async_api import expect

from shared.contracts.product_attributes import DefinedBarcode
from shared.scans.gtin import has_check_digit
from tests.e2e.console.conftest import OFFLINE, Crowd
from tests.e2e.serial_scenario import SerialScenario
from tests.support.timing import MAX_WAIT_SECONDS

PATIENCE = MAX_WAIT_SECONDS * 1000


async def test_scans_survive_a_cut_network_and_a_reload(crowd: Crowd, scenario: SerialScenario) -> None:
    """S13, S14, S16: twelve wedge scans, a cut and a reload: each verdict once, in order. S37: then one is found.

    The station of the confirmed session is not shown again.
    """
    await scenario.define_product()
    serials = scenario.new_serials(12)
    receipt = await scenario.announce_asn(serials)
    otto = await crowd.sign_in()
    await otto.open(f"/receiving?q={receipt}")
    await otto.page.click(f"main a[href='/receiving/{receipt}']")
    await otto.page.wait_for_url(f"**/receiving/{receipt}")
    accepted = otto.page.locator('[data-scans] li[data-tone="good"]')
    for serial in serials[:4]:
        await otto.scan(serial)
    await expect(accepted).to_have_count(4, timeout=PATIENCE)
    await crowd.network.cut()
    for serial in serials[4:8]:
        await otto.scan(serial)
    await expect(otto.page.locator('[data-scans] li[data-tone="waiting"]')).to_have_count(4)
    await otto.page.reload()
    await expect(otto.page.locator("[data-scans] li")).to_have_count(8)
    await expect(otto.page.locator("#done-1")).to_have_text("4 / 12")
    await otto.take_picture("receiving-offline-phone")
    for serial in serials[8:]:
        await otto.scan(f"]C0{serial}")
    await crowd.network.join()
    await expect(accepted).to_have_count(12, timeout=PATIENCE)
    shown = await otto.page.locator("[data-scans] li .serial").all_inner_texts()
    assert shown == serials[::-1]
    await expect(otto.page.locator("#done-1")).to_have_text("12 / 12")
    await otto.page.keyboard.press("F9")
    await otto.page.wait_for_url("**/review*")
    await expect(otto.page.locator(".tile .n").first).to_have_text("12")
    await otto.page.click("button[data-confirm]")
    await expect(otto.page.locator("#arrival .notice.good")).to_be_visible(timeout=PATIENCE)
    await otto.page.wait_for_url(f"**/receiving/{receipt}")
    await crowd.network.cut()
    await otto.open(f"/receiving/{receipt}")
    await expect(otto.page.locator("h1")).to_have_text(OFFLINE)
    await crowd.network.join()
    await otto.open(f"/find?q={serials[6]}")
    await otto.page.wait_for_url(f"**/units/{scenario.sku}/{serials[6]}")
    await expect(otto.page.locator(".timeline li").first).to_contain_text("Received")
    await otto.take_picture("unit-phone")
    history = (await scenario.get_unit(serials[8]))["history"]
    assert f"]C0{serials[8]}" in [entry["scan"] for entry in history]


async def test_verdicts_name_what_is_wrong_and_an_undo_takes_back(crowd: Crowd, scenario: SerialScenario) -> None:
    """S14, S16: a duplicate warns, a web address is refused, an unannounced serial is set aside; undo takes it back."""
    digits = f"0952{int(scenario.token, 16) % 10**9:09d}"
    gtin = next(digits + last for last in "0123456789" if has_check_digit(digits + last))
    await scenario.define_product(barcodes=[DefinedBarcode(code=gtin, type="GTIN")])
    serials = scenario.new_serials(2)
    receipt = await scenario.announce_asn(serials)
    otto = await crowd.sign_in()
    await otto.open(f"/receiving/{receipt}")
    label = f"]d201{gtin}21{serials[1]}"
    for text in (serials[0], serials[0], "https://example.org/x", "STRANGER-1", label):
        await otto.scan(text)
    rows = otto.page.locator("[data-scans] li:not([data-tone=waiting])")
    await expect(rows).to_have_count(5, timeout=PATIENCE)
    tones = await rows.evaluate_all("rows => rows.map((row) => row.dataset.tone).reverse()")
    assert tones == ["good", "warn", "bad", "warn", "good"]
    await expect(rows.nth(1)).to_contain_text("Not announced")
    await otto.take_picture("receiving-verdicts-phone")
    for _ in range(3):
        await otto.page.keyboard.press("F4")
    await expect(otto.page.locator("#done-1")).to_have_text("0 / 2", timeout=PATIENCE)


async def test_a_viewer_may_look_only(crowd: Crowd, scenario: SerialScenario) -> None:
    """A viewer sees what a receipt expects and which role it takes, but nothing to scan into."""
    await scenario.define_product()
    receipt = await scenario.announce_asn(scenario.new_serials(1))
    vera = await crowd.sign_in("vera")
    await vera.open(f"/receiving/{receipt}")
    await expect(vera.page.locator("main .notice")).to_contain_text("Operator")
    await expect(vera.page.locator("main .list li")).to_contain_text("0 / 1")
    await expect(vera.page.locator("main :is(form, button, input)")).to_have_count(0)
    await vera.take_picture("receipt-viewer-phone")


async def test_scans_are_sent_as_the_person_who_made_them(crowd: Crowd, scenario: SerialScenario) -> None:
    """S38: scans left on a device wait for their person, however many others sign in before."""
    await scenario.define_product()
    serials = scenario.new_serials(2)
    receipt = await scenario.announce_asn(serials)
    otto = await crowd.sign_in()
    await otto.page.add_init_script("navigator.storage.persist = async () => { window.isAskedToKeep = true; }")
    await otto.open(f"/receiving/{receipt}")
    await crowd.network.cut()
    for serial in serials:
        await otto.scan(serial)
    await expect(otto.page.locator('[data-scans] li[data-tone="waiting"]')).to_have_count(2)
    assert await otto.page.evaluate("window.isAskedToKeep")
    await otto.page.context.clear_cookies()
    await crowd.network.join()
    blocked = otto.page.locator("[data-verdict]")
    await expect(blocked).to_contain_text("Sign in as otto to send 2 scans", timeout=PATIENCE)
    await otto.sign_in("sue")
    await otto.open(f"/receiving/{receipt}")
    await expect(otto.page.locator("[data-unsent]")).to_have_text("Sign in as otto to send 2 scans", timeout=PATIENCE)
    await expect(blocked).to_contain_text("Sign in as otto to send 2 scans", timeout=PATIENCE)
    await otto.page.context.clear_cookies()
    await otto.sign_in("otto")
    await otto.open(f"/receiving/{receipt}")
    await expect(otto.page.locator('[data-scans] li[data-tone="good"]')).to_have_count(2, timeout=PATIENCE)


async def test_a_session_is_confirmed_with_all_its_scans(crowd: Crowd, scenario: SerialScenario) -> None:
    """S14: unsent scans hold the confirmation back until they are in it; a refused undo leaves the scan as it is."""
    await scenario.define_product()
    serials = scenario.new_serials(2)
    receipt = await scenario.announce_asn(serials)
    otto = await crowd.sign_in()
    await otto.open(f"/receiving/{receipt}")
    good = otto.page.locator('[data-scans] li[data-tone="good"]')
    await otto.scan(serials[0])
    await expect(good).to_have_count(1, timeout=PATIENCE)
    review = await otto.page.context.new_page()
    await review.goto(f"{crowd.network.url}/receiving/{receipt}/review?session=otto-1")
    await expect(review.locator("button[data-confirm]")).to_be_enabled()
    await crowd.network.cut()
    await otto.scan(serials[1])
    await expect(review.locator("[data-held-back]")).to_have_text("Not sent yet: 1 scans. Confirm once they are.")
    await expect(review.locator("button[data-confirm]")).to_be_disabled()
    await crowd.network.join()
    await expect(review.locator(".tile .n").first).to_have_text("2", timeout=PATIENCE)
    await review.click("button[data-confirm]")
    await expect(review.locator("#arrival")).to_be_visible(timeout=PATIENCE)
    await otto.page.keyboard.press("F4")
    await expect(otto.page.locator('[data-scans] li[data-tone="bad"]')).to_have_count(1, timeout=PATIENCE)
    await expect(otto.page.locator("[data-scans] li.undone")).to_have_count(0)
