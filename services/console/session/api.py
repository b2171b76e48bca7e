"""Sign-in and sign-out."""

import asyncio
import logging
from urllib.parse import parse_qsl

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, RedirectResponse, Response

from services.console.design.layout import Frame
from services.console.design.words import count, say
from services.console.session.cookie import COOKIE, new_cookie, seal
from services.console.session.views import sign_in_page
from shared.auth.users import BADGE_PREFIX, User, UsersFile, is_secret_of

log = logging.getLogger(__name__)
router = APIRouter(include_in_schema=False)
START = "/work"


async def read_form(request: Request) -> dict[str, str]:
    """Read the fields of a form."""
    return dict(parse_qsl((await request.body()).decode(), keep_blank_values=True))


def own_address(address: str) -> str:
    """Return an address of this console; another one becomes the start page."""
    return address if address.startswith("/") and not address.startswith(("//", "/\\")) else START


def frame_of(request: Request) -> Frame:
    """Return the frame of a page without a person."""
    return Frame(request.app.state.static, request.url.path, theme=request.cookies.get("theme", ""))


def verify(users: UsersFile, name: str, secret: str) -> tuple[str, User] | None:
    """Return name and entry of a person: by name and password, or by the code of a badge and its PIN."""
    if name.startswith(BADGE_PREFIX):
        found = users.find_by_badge(name)
        return found if is_secret_of(secret, found[1].pin if found else None) else None
    user = users.find(name)
    is_right = is_secret_of(secret, user.password if user else None)
    return (name, user) if user and is_right else None


@router.get("/sign-in")
async def show_sign_in(request: Request, next: str = START) -> HTMLResponse:  # noqa: A002 - the name of the parameter
    """Show the sign-in page."""
    return HTMLResponse(sign_in_page(frame_of(request), own_address(next)))


@router.post("/sign-in")
async def sign_in(request: Request) -> Response:
    """Sign a person in, or say why not."""
    form = await read_form(request)
    name, following = form.get("name", "").strip(), own_address(form.get("next", START))
    state = request.app.state
    if pause := state.attempts.begin(name):
        problem = count(
            int(pause) + 1, "Wait {number} second, then try again.", "Wait {number} seconds, then try again."
        )
        return HTMLResponse(sign_in_page(frame_of(request), following, name=name, problem=problem), 429)
    found = await asyncio.to_thread(verify, state.users, name, form.get("password", ""))
    if found is None:
        log.warning("sign-in of %r failed", name[:64])
        problem = say("Name or password is wrong.")
        return HTMLResponse(sign_in_page(frame_of(request), following, name=name, problem=problem), 401)
    state.attempts.succeed(name)
    subject, user = found
    log.info("%s signed in", subject)
    response = RedirectResponse(following, 303)
    set_session(response, seal(state.key, new_cookie(subject, user.stamp)), state.settings.session_seconds)
    return response


@router.post("/sign-out")
async def sign_out() -> Response:
    """End the session; the browser empties its kept pages."""
    response = RedirectResponse("/sign-in", 303)
    response.delete_cookie(COOKIE, secure=True, httponly=True, samesite="lax")
    response.headers["Clear-Site-Data"] = '"cache"'
    return response


def set_session(response: Response, sealed: str, seconds: int) -> None:
    """Set the cookie of a session."""
    response.set_cookie(COOKIE, sealed, max_age=seconds, secure=True, httponly=True, samesite="lax")
