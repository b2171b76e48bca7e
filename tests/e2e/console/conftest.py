"""The console as a process, a network that can be cut, and people with real browsers."""

import shutil
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.async_api import Browser, BrowserContext, Page, async_playwright

from deploy import processes
from deploy.local.files import PROJECT
from deploy.local.ports import reserve_port
from shared.auth.roles import Role
from shared.auth.users import User, UsersFile, hash_password
from tests.e2e.console.network import Network
from tests.e2e.system import SystemUnderTest

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
OFFLINE = "No network"
PASSWORD = "correct horse"
PEOPLE = {"vera": Role.VIEWER, "otto": Role.OPERATOR, "sue": Role.SUPERVISOR}
PHONE, DESKTOP = {"width": 360, "height": 740}, {"width": 1280, "height": 800}
PICTURES = PROJECT / "build" / "console"


@dataclass(frozen=True)
class Person:
    """A signed-in person with a browser page, and the network in between."""

    page: Page
    network: Network

    async def open(self, path: str) -> None:
        """Open a page of the console."""
        await self.page.goto(self.network.url + path)

    async def sign_in(self, name: str) -> None:
        """Sign somebody in."""
        await self.open("/sign-in")
        await self.page.fill("#name", name)
        await self.page.fill("#password", PASSWORD)
        await self.page.click("button[type=submit]")
        await self.page.wait_for_url("**/work")

    async def scan(self, text: str) -> None:
        """Scan like a keyboard wedge: keys 8 ms apart, then Enter, wherever the focus is."""
        await self.page.keyboard.type(text, delay=8)
        await self.page.keyboard.press("Enter")

    async def take_picture(self, name: str) -> None:
        """Keep a picture of the page in the build folder, to be looked at."""
        PICTURES.mkdir(parents=True, exist_ok=True)
        await self.page.screenshot(path=PICTURES / f"{name}.png")


class Crowd:
    """Signs people in, each in a browser profile of their own."""

    def __init__(self, browser: Browser, network: Network) -> None:
        self.browser, self.network = browser, network
        self.contexts: list[BrowserContext] = []

    async def sign_in(self, name: str = "otto", *, is_phone: bool = True, theme: str = "light") -> Person:
        """Sign a person in and wait for the start page and its service worker."""
        context = await self.browser.new_context(
            viewport=PHONE if is_phone else DESKTOP,  # type: ignore[arg-type]
            color_scheme="dark" if theme == "dark" else "light", locale="en-GB",
        )  # fmt: skip
        self.contexts.append(context)
        person = Person(await context.new_page(), self.network)
        await person.sign_in(name)
        await person.page.evaluate("navigator.serviceWorker.ready")
        return person


@pytest.fixture(scope="package")
async def console(system: SystemUnderTest) -> AsyncIterator[processes.Service]:
    """Start the console for the services under test."""
    users = UsersFile(Path(system.environment["AUTH_FOLDER"]))
    for name, role in PEOPLE.items():
        entry = User(name=name, roles=frozenset({role}), password=hash_password(PASSWORD))
        users.change(name, lambda _, entry=entry: entry)  # type: ignore[misc]
    urls = {name: service.url for name, service in system.services.items()}
    service = processes.start_console(system.environment, system.logs, urls)
    try:
        service.wait_ready()
        yield service
    finally:
        service.stop()


@pytest.fixture(scope="package")
async def browser() -> AsyncIterator[Browser]:
    """Start the Chromium of this machine; without one these tests are left out."""
    if CHROMIUM is None:
        pytest.skip("left out: this machine has no Chromium; install it with `apt-get install chromium`")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield browser
        await browser.close()


@pytest.fixture
async def network(console: processes.Service) -> AsyncIterator[Network]:
    """Provide a network to the console that can be cut."""
    network = Network(reserve_port(), console.port)
    await network.join()
    yield network
    await network.cut()


@pytest.fixture
async def crowd(browser: Browser, network: Network) -> AsyncIterator[Crowd]:
    """Sign people in for a test; their browser profiles end with it."""
    crowd = Crowd(browser, network)
    yield crowd
    for context in crowd.contexts:
        await context.close()
