"""Every page: accessible in both themes and sizes, large enough to touch, no wider than a phone."""

import re

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import expect

from tests.e2e.console.conftest import OFFLINE, Crowd, Person
from tests.e2e.serial_scenario import SerialScenario

SMALLEST = 48
OVERFLOWING = """() => [...document.querySelectorAll('main button')]
  .filter((element) => element.clientHeight && element.scrollHeight > element.clientHeight + 1)
  .map((element) => element.textContent.trim().slice(0, 80))"""
SMALL_TARGETS = f"""() => [...document.querySelectorAll('main a, main button, main input, main select, nav a, summary')]
  .filter((each) => each.offsetParent && !each.closest('td, dd, p') && each.type !== 'radio')
  .map((each) => [each.getBoundingClientRect(), each.textContent.trim() || each.id || each.name])
  .filter(([box]) => box.width > 0 && (box.height < {SMALLEST} - 0.5 || box.width < {SMALLEST} - 0.5))
  .map(([box, name]) => `${{name}} ${{Math.round(box.width)}} x ${{Math.round(box.height)}}`)"""
WIDE_BARS = """() => [...document.querySelectorAll('.scanner .bar')].filter((bar) =>
  bar.getBoundingClientRect().right > document.querySelector('.scan-box').getBoundingClientRect().right + 0.5).length"""
RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}


async def addresses(scenario: SerialScenario) -> dict[str, str]:
    """Return the address of each page, on stock of this test."""
    await scenario.define_product(name="Infusion pump with battery and trolley")
    serials = scenario.new_serials(3)
    receipt = await scenario.receive(serials[:2])
    await scenario.wait_for_status(serials[:2], "RECEIVED")
    due = await scenario.announce_asn(serials[2:])
    await scenario.stock_units(3)
    order = await scenario.place_order(3)
    await scenario.wait_for_allocation(order, 3)
    return {
        "work": "/work", "menu": "/menu", "find": "/find", "found": f"/find?q={scenario.token}",
        "receiving": "/receiving", "receipt": f"/receiving/{due}", "received": f"/receiving/{receipt}",
        "review": f"/receiving/{due}/review?session=none", "lookup": f"/units?q={scenario.token}",
        "lookup-empty": "/units?q=nothing-has-this", "unit": f"/units/{scenario.sku}/{serials[0]}",
        "putaway": "/putaway", "putaway-group": f"/putaway/group?sku={scenario.sku}&at=EAST/DOCK-1&receipt={receipt}",
        "picking": "/picking", "pick-list": f"/picking/{order}", "packing": "/packing",
        "shipping": "/shipping", "returns": "/returns",
        "return-new": f"/returns/new?serial={serials[0]}", "exceptions": "/exceptions",
        "unit-missing": f"/units/{scenario.sku}/none", "device": "/device", "no-such-page": "/none",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("is_phone", "theme"), [(True, "light"), (False, "dark")], ids=["phone-light", "desktop-dark"],
)  # fmt: skip
async def test_pages_are_accessible(crowd: Crowd, scenario: SerialScenario, *, is_phone: bool, theme: str) -> None:
    """S38: axe finds nothing, nothing is wider than its place, and a phone has no target under 48 px."""
    person = await crowd.sign_in("sue", is_phone=is_phone, theme=theme)
    faults = []
    for name, path in (await addresses(scenario)).items():
        await person.open(path)
        await person.take_picture(f"{name}-{'phone' if is_phone else 'desktop'}-{theme}")
        faults += [f"{name}: {fault}" for fault in await find_faults(person, is_phone=is_phone)]
    assert not faults, "\n".join(faults)


async def find_faults(person: Person, *, is_phone: bool) -> list[str]:
    """Return what is wrong with the page shown."""
    results = await Axe().run(person.page, options=RULES)
    faults = [
        f"{violation['id']} at {violation['nodes'][0]['html'][:160]}" for violation in results.response["violations"]
    ]
    width = await person.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
    faults += [f"{width} px too wide"] if width > 0 else []
    faults += [f"text leaves its box: {text}" for text in await person.page.evaluate(OVERFLOWING)]
    if not is_phone and await person.page.evaluate(WIDE_BARS):
        faults.append("buttons wider than their column")
    if is_phone:
        faults += [f"small target {target}" for target in await person.page.evaluate(SMALL_TARGETS)]
    return faults


async def test_a_session_ends_with_the_sign_out(crowd: Crowd) -> None:
    """Without a session a page leads to the sign-in, and back to itself afterwards; the sign-out ends it."""
    otto = await crowd.sign_in()
    await otto.open("/device")
    await otto.page.click("form[action='/sign-out'] button")
    await otto.page.wait_for_url("**/sign-in*")
    await otto.open("/units?q=PU")
    await otto.page.wait_for_url("**/sign-in?next=*")
    await otto.page.fill("#name", "otto")
    await otto.page.fill("#password", "wrong")
    await otto.page.click("button[type=submit]")
    await expect(otto.page.locator(".notice.bad")).to_contain_text("Name or password is wrong")
    await otto.page.fill("#password", "correct horse")
    await otto.page.click("button[type=submit]")
    await otto.page.wait_for_url(re.compile(r".*/units\?q=PU$"))


@pytest.mark.parametrize("is_sign_out", [True, False], ids=["sign-out", "lost-session"])
async def test_kept_pages_end_with_the_session(crowd: Crowd, *, is_sign_out: bool) -> None:
    """Without a network a person sees kept pages; once the session has ended nobody does."""
    otto = await crowd.sign_in()
    await otto.page.wait_for_function("navigator.serviceWorker.controller")
    await otto.open("/receiving")
    heading = otto.page.locator("h1")
    await crowd.network.cut()
    await otto.open("/receiving")
    await expect(heading).to_have_text("Receiving")
    await crowd.network.join()
    if is_sign_out:
        await otto.open("/device")
        await otto.page.click("form[action='/sign-out'] button")
    else:
        await otto.page.context.clear_cookies()
        await otto.open("/receiving")
    await otto.page.wait_for_url("**/sign-in*")
    await crowd.network.cut()
    await otto.open("/receiving")
    await expect(heading).to_have_text(OFFLINE)


async def test_texts_are_in_german(crowd: Crowd) -> None:
    """The device chooses its language; pages and their language attribute follow."""
    otto = await crowd.sign_in()
    await otto.open("/device")
    await otto.page.check("input[name=language][value=de]")
    await otto.page.click("form[action='/device'] button")
    await expect(otto.page.locator("h1")).to_have_text("Einstellungen")
    await expect(otto.page.locator("html")).to_have_attribute("lang", "de")
