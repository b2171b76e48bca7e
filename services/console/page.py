"""What every page needs: the signed-in person, the services in that person's name, the shell around the content."""

import time
from collections.abc import AsyncIterator, Awaitable
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, TypeVar

from fastapi import Depends, Request
from htpy import Node, a, fragment
from starlette.responses import HTMLResponse

from services.console.clients.fulfillment import Fulfillment
from services.console.clients.http import RefusedError, ServiceClient, UnavailableError
from services.console.clients.lots import LotService
from services.console.clients.receiving import Receiving
from services.console.clients.serials import Serials
from services.console.design.formats import in_zone
from services.console.design.layout import Frame, document, heading
from services.console.design.parts import empty
from services.console.design.words import say
from services.console.session.cookie import COOKIE, unseal
from services.console.session.protection import THEME_COOKIE
from shared.auth.roles import Role, expand_roles

Answer = TypeVar("Answer")
TOKEN_LIFETIME = timedelta(seconds=120)
ZONES_SECONDS = 300


class SignInRequiredError(Exception):
    """The request has no session, one that has ended, or that of another person than it was made by."""


@dataclass(frozen=True)
class Visit:
    """A request of a signed-in person."""

    request: Request
    person: str
    roles: frozenset[Role]

    def client(self, service: str) -> ServiceClient:
        """Return the client of a service in the name of the person."""
        state = self.request.app.state
        token = state.signer.sign(self.person, self.roles, TOKEN_LIFETIME).token
        return ServiceClient(service, state.clients[service], {"Authorization": f"Bearer {token}"})

    @property
    def receiving(self) -> Receiving:
        """The receiving service."""
        return Receiving(self.client("receiving"))

    @property
    def serials(self) -> Serials:
        """The serials service."""
        return Serials(self.client("serials"))

    @property
    def lots(self) -> LotService:
        """The lots service."""
        return LotService(self.client("lots"))

    @property
    def fulfillment(self) -> Fulfillment:
        """The fulfillment service."""
        return Fulfillment(self.client("fulfillment"))

    def may(self, role: Role) -> bool:
        """Return whether the person has at least a role."""
        return role in expand_roles(self.roles)

    @property
    def is_fragment(self) -> bool:
        """Whether the browser asks for a part of the page it shows."""
        return "hx-request" in self.request.headers

    def page(self, title: str, *content: Node, watch: str = "", status: int = 200) -> HTMLResponse:
        """Return a whole page."""
        theme = self.request.cookies.get(THEME_COOKIE, "")
        frame = Frame(self.request.app.state.static, self.request.url.path, self.person, theme, watch)
        return HTMLResponse(document(frame, title, content), status)

    def part(self, *content: Node, status: int = 200) -> HTMLResponse:
        """Return a part of a page."""
        return HTMLResponse(str(fragment[content]), status)


async def _visit(request: Request) -> AsyncIterator[Visit]:
    state = request.app.state
    cookie = unseal(state.key, request.cookies.get(COOKIE, ""), state.settings.session_seconds)
    user = state.users.find(cookie.name) if cookie else None
    if cookie is None or user is None or user.stamp != cookie.stamp:
        raise SignInRequiredError
    if request.headers.get("x-person", cookie.name) != cookie.name:
        raise SignInRequiredError
    visit = Visit(request, cookie.name, user.roles)
    with in_zone(await _zone(visit)):
        yield visit


Visitor = Annotated[Visit, Depends(_visit)]
"""The person of a request; without one the browser is sent to the sign-in."""


async def _zone(visit: Visit) -> str | None:
    """Return the zone of the first warehouse, read again after some minutes."""
    state = visit.request.app.state
    kept, read_at = state.zone
    if kept is None or time.monotonic() - read_at > ZONES_SECONDS:
        found = await attempt(visit.receiving.list_warehouses())
        if not isinstance(found, FailedPart) and found.items:
            state.zone = kept, _ = found.items[0].time_zone, time.monotonic()
    zone: str | None = kept
    return zone


@dataclass(frozen=True)
class FailedPart:
    """A part of a page whose service does not answer."""

    service: str


async def attempt(reading: Awaitable[Answer]) -> Answer | FailedPart:
    """Await what a service answers; a service that does not answer fails its part of the page alone."""
    try:
        return await reading
    except UnavailableError as error:
        return FailedPart(error.service)


async def attempt_or_none(reading: Awaitable[Answer]) -> Answer | FailedPart | None:
    """Like `attempt`; None if the service does not have it."""
    try:
        return await attempt(reading)
    except RefusedError as error:
        if error.status == 404:
            return None
        raise


class ForbiddenError(Exception):
    """The person's roles do not allow it."""

    def __init__(self, role: Role) -> None:
        super().__init__(role)
        self.role = role


def require(visit: Visit, role: Role) -> Visit:
    """Return the visit if the person has at least a role, else raise."""
    if not visit.may(role):
        raise ForbiddenError(role)
    return visit


def missing(visit: Visit, title: str, href: str, text: str) -> HTMLResponse:
    """Return the page of something that is not known: it may still be on its way."""
    advice = say("It may still be on its way, or the number is another one. Check it, then try again.")
    content = empty("find", say("Nothing has this number"), advice, a(".button", href=href)[text])
    return visit.page(title, heading(title), content, status=404)
