"""The app of the console: its pages, what they need, and what happens to errors."""

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from hashlib import sha256
from pathlib import Path

import httpx
from fastapi import FastAPI, Request
from htpy import Node, a, h1, p
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, RedirectResponse, Response
from starlette.staticfiles import StaticFiles

from services.console.clients.http import LIMITS, RefusedError, UnavailableError
from services.console.design.layout import plain
from services.console.design.parts import failed, notice
from services.console.design.problems import refused
from services.console.design.terms import ROLES
from services.console.design.words import say
from services.console.device import api as device
from services.console.exceptions import api as exceptions
from services.console.find import api as find
from services.console.live import api as live
from services.console.live.hub import Hub
from services.console.overview import api as overview
from services.console.packing import api as packing
from services.console.page import ForbiddenError, SignInRequiredError
from services.console.picking import api as picking
from services.console.putaway import api as putaway
from services.console.receiving import api as receiving
from services.console.returns import api as returns
from services.console.session import api as session
from services.console.session.attempts import Attempts
from services.console.session.cookie import load_key
from services.console.session.protection import ProtectionMiddleware
from services.console.settings import ConsoleSettings
from services.console.shipping import api as shipping
from services.console.units import api as units
from shared.auth.signer import Signer
from shared.auth.users import UsersFile
from shared.http.paths import EncodedSlashMiddleware
from shared.messaging.feed import EventFeed
from shared.ops.telemetry import configure_logging

log = logging.getLogger(__name__)
STATIC = Path(__file__).parent / "static"
SLICES = (
    session,
    live,
    device,
    overview,
    find,
    units,
    receiving,
    putaway,
    picking,
    packing,
    shipping,
    returns,
    exceptions,
)


class KeptStaticFiles(StaticFiles):
    """Static files in a folder named by their content: browsers keep them for ever."""

    def file_response(self, *args: object, **kwargs: object) -> Response:
        """Return a file that may be kept."""
        response = super().file_response(*args, **kwargs)  # type: ignore[arg-type]
        response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
        return response


def static_folder() -> str:
    """Return the path of the static files; it changes with their content."""
    digest = sha256()
    for path in sorted(STATIC.rglob("*")):
        if path.is_file():
            digest.update(path.relative_to(STATIC).as_posix().encode() + path.read_bytes())
    return f"/static/{digest.hexdigest()[:12]}"


@asynccontextmanager
async def _run(app: FastAPI) -> AsyncIterator[None]:
    settings = ConsoleSettings()
    configure_logging("console", settings.log_level)
    logging.getLogger("httpx").setLevel(logging.WARNING)
    state = app.state
    state.settings, state.key = settings, load_key(settings.folder / "session.key")
    state.users, state.attempts, state.zone = UsersFile(settings.folder), Attempts(), (None, 0.0)
    state.hub, state.signer = Hub(), Signer.open(settings.folder)
    state.feed = EventFeed(settings, state.hub.receive)
    async with AsyncExitStack() as stack:
        state.clients = {
            name: await stack.enter_async_context(httpx.AsyncClient(base_url=url, limits=LIMITS))
            for name, url in settings.urls().items()
        }
        feed = asyncio.create_task(state.feed.run())
        try:
            yield
        finally:
            state.stopping = True
            feed.cancel()
            await asyncio.gather(feed, return_exceptions=True)


def create_app() -> FastAPI:
    """Create the app."""
    app = FastAPI(title="Tracelot console", lifespan=_run, docs_url=None, redoc_url=None, openapi_url=None)
    app.state.stopping, app.state.static = False, static_folder()
    app.state.service_worker = (STATIC / "sw.js").read_text()
    app.mount(app.state.static, KeptStaticFiles(directory=STATIC))
    for each in SLICES:
        app.include_router(each.router)
    app.add_api_route("/.well-known/jwks.json", _answer_keys, methods=["GET"])
    for path in ("/health", "/ready"):
        app.add_api_route(path, _answer_health, methods=["GET"])
    app.add_middleware(EncodedSlashMiddleware)
    app.add_middleware(ProtectionMiddleware)
    app.add_exception_handler(SignInRequiredError, _send_to_sign_in)
    app.add_exception_handler(ForbiddenError, _answer_forbidden)
    app.add_exception_handler(UnavailableError, _answer_unavailable)
    app.add_exception_handler(RefusedError, _answer_refused)
    app.add_exception_handler(404, _answer_not_found)
    app.add_exception_handler(Exception, _answer_error)
    return app


async def _answer_health(request: Request) -> JSONResponse:
    is_stopping = request.app.state.stopping
    return JSONResponse(
        {"status": "stopping" if is_stopping else "ok", "live": request.app.state.feed.is_live},
        503 if is_stopping else 200,
    )


async def _answer_keys(request: Request) -> JSONResponse:
    return JSONResponse(request.app.state.signer.jwks)


def _is_page(request: Request) -> bool:
    return request.method == "GET" and "hx-request" not in request.headers


async def _send_to_sign_in(request: Request, _: Exception) -> Response:
    if _is_page(request):
        query = f"?{request.url.query}" if request.url.query else ""
        return RedirectResponse(httpx.URL("/sign-in", params={"next": request.url.path + query}).raw_path.decode(), 303)
    return PlainTextResponse("Sign in first.", 401, {"HX-Redirect": "/sign-in"})


async def _answer_forbidden(request: Request, error: Exception) -> Response:
    role = error.role if isinstance(error, ForbiddenError) else ""
    title = say("Your role may not do this")
    return _problem(
        request, title, notice("bad", title, p[say("It takes the role {role}.", role=say(ROLES[role]))]), 403
    )


async def _answer_unavailable(request: Request, error: Exception) -> Response:
    service = error.service if isinstance(error, UnavailableError) else ""
    return _problem(request, say("No answer"), failed(service, str(request.url.path)), 503)


async def _answer_refused(request: Request, error: Exception) -> Response:
    if not isinstance(error, RefusedError):
        raise error
    return _problem(request, error.refusal.title, refused(error.refusal), error.status)


async def _answer_not_found(request: Request, _: Exception) -> Response:
    title = say("There is no such page")
    return _problem(request, title, notice("warn", title, say("The menu leads to all pages.")), 404)


async def _answer_error(request: Request, _: Exception) -> Response:
    title = say("Something went wrong here")
    return _problem(request, title, notice("bad", title, say("Try again, or tell the administrator.")), 500)


def _problem(request: Request, title: str, content: Node, status: int) -> Response:
    if not _is_page(request):
        return HTMLResponse(str(content), status)
    return HTMLResponse(plain(session.frame_of(request), title, h1[title], content, _home()), status)


def _home() -> Node:
    return a(".button", href="/work")[say("To the start page")]


app = create_app()
