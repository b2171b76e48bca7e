"""Kept scans are sent by the person who made them only."""

from pathlib import Path

import httpx
import pytest

from services.console.app import create_app
from services.console.session.cookie import COOKIE, load_key, new_cookie, seal
from services.console.settings import ConsoleSettings
from shared.auth.roles import Role
from shared.auth.signer import Signer
from shared.auth.users import User, UsersFile, hash_password


@pytest.mark.parametrize(("person", "status"), [("sue", 401), ("otto", 503), (None, 503)])
async def test_a_scan_of_another_person_is_refused(tmp_path: Path, person: str | None, status: int) -> None:
    """S38: the console refuses what another person than that of the session scanned, and sends the rest on."""
    app = create_app()
    users = UsersFile(tmp_path)
    password = hash_password("correct horse")
    otto = users.change("otto", lambda _: User(roles=frozenset({Role.OPERATOR}), password=password))
    app.state.users, app.state.key, app.state.zone = users, load_key(tmp_path / "key"), (None, 0.0)
    app.state.settings, app.state.signer = ConsoleSettings(), Signer.open(tmp_path)
    silent = httpx.MockTransport(lambda _: httpx.Response(503))
    app.state.clients = {"receiving": httpx.AsyncClient(transport=silent, base_url="http://receiving")}
    headers = {"Sec-Fetch-Site": "same-origin", "Idempotency-Key": "k"} | ({"X-Person": person} if person else {})
    cookies = {COOKIE: seal(app.state.key, new_cookie("otto", otto.stamp))}
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://console", cookies=cookies) as browser:
        body = {"session": "otto-1", "sku": "PUMP", "location": "DOCK", "texts": ["PU-1"]}
        answer = await browser.post("/receiving/R-1/scans", headers=headers, json=body)
    assert answer.status_code == status
