"""Settings of the device, the manifest and the service worker."""

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse, JSONResponse, RedirectResponse, Response

from services.console.design.words import LANGUAGES, say
from services.console.device.views import THEMES, device_page, offline_page
from services.console.page import Visitor
from services.console.session.api import frame_of, read_form
from services.console.session.protection import LANGUAGE_COOKIE, THEME_COOKIE

router = APIRouter(include_in_schema=False)
YEAR_SECONDS = 31_536_000


@router.get("/device")
async def show_device(visit: Visitor) -> HTMLResponse:
    """Show the settings of the device."""
    theme = visit.request.cookies.get(THEME_COOKIE, "")
    return visit.page(say("Settings"), device_page(visit.person, visit.roles, theme))


@router.post("/device")
async def change_device(visit: Visitor) -> Response:
    """Keep language and appearance in cookies of the device."""
    form = await read_form(visit.request)
    response = RedirectResponse("/device", 303)
    for name, known in ((LANGUAGE_COOKIE, LANGUAGES), (THEME_COOKIE, THEMES)):
        if (value := form.get(name, "")) in known:
            response.set_cookie(name, value, max_age=YEAR_SECONDS, samesite="lax")
    return response


@router.get("/offline")
async def show_offline(request: Request) -> HTMLResponse:
    """Show the page for requests without a network."""
    return HTMLResponse(offline_page(frame_of(request)))


@router.get("/sw.js")
async def service_worker(request: Request) -> Response:
    """Return the service worker, which knows the folder of the static files."""
    script = request.app.state.service_worker.replace("STATIC_FOLDER", request.app.state.static)
    return Response(script, media_type="text/javascript", headers={"Cache-Control": "no-cache"})


@router.get("/manifest.webmanifest")
async def manifest(request: Request) -> JSONResponse:
    """Return the manifest that lets a device install the console."""
    icon = {"src": f"{request.app.state.static}/icons/icon.svg", "sizes": "any", "type": "image/svg+xml"}
    content = {
        "name": "Tracelot", "short_name": "Tracelot", "id": "/", "start_url": "/work", "scope": "/",
        "display": "standalone", "background_color": "#f4f6f8", "theme_color": "#0b57a4", "icons": [icon],
    }  # fmt: skip
    return JSONResponse(content, media_type="application/manifest+json")
