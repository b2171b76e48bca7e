"""Who may call which route, over all routes of the OpenAPI documents, by role and bad token."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from importlib import import_module
from typing import Any

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from fastapi import FastAPI

from deploy.databases import SERVICES
from shared.auth.roles import Role, expand_roles
from shared.auth.signer import Signer
from shared.http.auth import is_open
from shared.messaging.handlers import CommandHandler
from tests.support.auth import SIGNER, bearer

APPS: dict[str, FastAPI] = {name: import_module(f"services.{name}.app").app for name in SERVICES}
CLIENTS = {
    name: httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://test") for name, app in APPS.items()
}
OPERATIONS = [
    (service, method.upper(), path, operation)
    for service, app in APPS.items()
    for path, methods in app.openapi()["paths"].items()
    for method, operation in methods.items()
]
OPEN = {"/health", "/ready", "/metrics", "/asyncapi"}
SUPERVISOR_COMMANDS = {
    "receipt.close.v1", "discrepancy.resolve.v1", "return.dispose.v1", "serial.release_hold.v1", "serial.adjust.v1",
    "serial.register_sold.v1", "serial.resolve_count_discrepancies.v1", "serial.correct_expiry.v1",
    "serial.correct_lot.v1", "lot.release_hold.v1", "lot.adjust.v1", "lot.correct_dates.v1", "lot.correct_number.v1",
    "recall.open.v1", "recall.close.v1", "supplier.define.v1", "order.swap_unit.v1",
    "order.swap_lot.v1", "shipment.cancel.v1",
}  # fmt: skip
NOW = datetime.now(UTC)
MINUTE = timedelta(minutes=1)


class Passed(Exception):  # noqa: N818 - no error
    """The request passed sign-in and role."""


def path_of(template: str) -> str:
    """Fill the parameters of a path."""
    return re.sub(r"{\w+}", "1", template)


@pytest.fixture(autouse=True)
def only_sign_in(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stop each request after the check of its role: what it would do is not tested here."""

    def stop() -> None:
        raise Passed

    for app in APPS.values():
        monkeypatch.setitem(app.dependency_overrides, import_module("shared.http.pages").bind_list, stop)
        monkeypatch.setattr(app.state, "engine", FakeEngine(), raising=False)


class FakeEngine:
    """An engine with places for requests."""

    class pool:  # noqa: N801 - as in SQLAlchemy
        """A pool of one connection."""

        @staticmethod
        def size() -> int:
            """Return the number of connections."""
            return 1


async def answer_of(service: str, method: str, path: str, headers: Mapping[str, str]) -> tuple[int, str]:
    """Return status and code of the answer; 200 if sign-in and role were sufficient."""
    try:
        response = await CLIENTS[service].request(method, path_of(path), headers=headers)
    except Passed:
        return 200, ""
    assert response.headers["Content-Type"] == "application/problem+json", response.text
    return response.status_code, response.json()["code"]


async def test_each_role_may_call_what_its_routes_name() -> None:
    """Each route and each role: 403 names the role that is missing, in all services."""
    checked = 0
    for service, method, path, operation in OPERATIONS:
        if path in OPEN:
            continue
        needed = Role(operation["x-required-role"])
        for role in Role:
            expected = (200, "") if needed in expand_roles([role]) else (403, "forbidden")
            answer = await answer_of(service, method, path, bearer("ann", role))
            assert answer == expected, (service, method, path, role)
            checked += 1
    assert checked > 500


def bad_tokens() -> dict[str, dict[str, str]]:
    """Return headers with tokens that no service accepts."""
    claims = jwt.decode(bearer()["Authorization"][7:], options={"verify_signature": False})
    key, stranger = SIGNER._key, Ed25519PrivateKey.generate()  # noqa: SLF001 - forges tokens

    def signed(key: Any, algorithm: str = "EdDSA", **changes: Any) -> str:
        return jwt.encode(claims | changes, key, algorithm=algorithm, headers={"kid": SIGNER.key_id})

    tokens = {
        "expired": SIGNER.sign("ann", [Role.ADMIN], MINUTE, now=NOW - 2 * MINUTE).token,
        "wrong audience": signed(key, aud="other"),
        "wrong issuer": signed(key, iss="other"),
        "wrong key": signed(stranger),
        "foreign": Signer(stranger).sign("ann", [Role.ADMIN], MINUTE).token,
        "alg none": signed("", "none"),
        "shared secret": signed(SIGNER.jwks["keys"][0]["x"], "HS256"),
        "garbage": "garbage",
    }
    headers = {name: {"Authorization": f"Bearer {token}"} for name, token in tokens.items()}
    return headers | {
        "none": {},
        "other scheme": {"Authorization": "Basic YTpi"},
        "empty": {"Authorization": "Bearer "},
    }


async def test_bad_tokens_open_no_route() -> None:
    """Each route and expired, foreign, unsigned, wrongly signed and missing tokens: 401."""
    headers = bad_tokens()
    for service, method, path, _ in OPERATIONS:
        for name, header in headers.items():
            if path not in OPEN:
                answer = await answer_of(service, method, path, header)
                assert answer == (401, "unauthenticated"), (service, method, path, name)


async def test_unknown_paths_need_sign_in() -> None:
    """What does not exist, or will exist without a thought of sign-in, is closed."""
    assert await answer_of("lots", "GET", "/no-such-path", {}) == (401, "unauthenticated")


def test_only_states_and_documents_are_open() -> None:
    """The list of open paths is complete."""
    assert {path for *_, path, _ in OPERATIONS if is_open(path)} == OPEN
    for service, _, path, operation in OPERATIONS:
        assert operation["security"] == ([] if path in OPEN else [{"token": []}]), (service, path)


def test_commands_name_their_role() -> None:
    """Upstream messages are for integrators, and what overrides or corrects is for supervisors."""
    handlers = [handler for app in APPS.values() for handler in app.state.registry.handlers]
    roles = {handler.message.TYPE: handler for handler in handlers if isinstance(handler, CommandHandler)}
    for name, handler in roles.items():
        is_upstream = handler.message.TOPIC.kind == "upstream"
        expected = Role.INTEGRATOR if is_upstream else Role.SUPERVISOR if name in SUPERVISOR_COMMANDS else Role.OPERATOR
        assert handler.role is expected, name


async def test_the_actor_cannot_be_named() -> None:
    """X-Actor is refused on each route: the token says who acts."""
    for service, method, path, _ in OPERATIONS:
        if path not in OPEN:
            answer = await answer_of(service, method, path, bearer() | {"X-Actor": "ann"})
            assert answer == (400, "actor_not_allowed"), (service, method, path)


async def test_an_approval_is_for_one_command() -> None:
    """A token that a supervisor approved is refused for another key."""
    token = SIGNER.sign("op-7", [Role.SUPERVISOR], MINUTE, approved_by="sue", command="lot.adjust.v1 key-1").token
    headers = {"Authorization": f"bearer {token}"}
    for key, expected in (("key-1", (200, "")), ("key-2", (403, "forbidden"))):
        assert await answer_of("lots", "POST", "/adjustments", headers | {"Idempotency-Key": key}) == expected
    assert await answer_of("lots", "POST", "/holds", headers | {"Idempotency-Key": "key-1"}) == (403, "forbidden")
    assert await answer_of("lots", "GET", "/lots", headers) == (403, "forbidden")
