"""Sign-in over HTTP: each request carries a token, each route names the role that it needs."""

from collections.abc import Mapping
from functools import cache
from typing import Any, cast

from fastapi import Request
from fastapi.routing import APIRoute
from pydantic import ValidationError
from pydantic_settings import SettingsError
from starlette.datastructures import Headers
from starlette.types import ASGIApp, Receive, Scope, Send

from shared.auth.identity import Identity, describe_roles
from shared.auth.keys import KeysUnavailableError
from shared.auth.roles import Role
from shared.auth.verifier import InvalidTokenError, TokenVerifier
from shared.contracts.problems import Code
from shared.http.problems import ProblemError, count_rejection, problem_response, retry_headers
from shared.settings import InvalidSettingsError

OPEN_PATHS = frozenset({"/health", "/ready", "/metrics", "/openapi.json", "/asyncapi", "/docs"})
"""Paths without sign-in: states for load balancers and monitoring, and documents of the interfaces."""
OPEN_FOLDERS = ("/docs/", "/static-offline-docs/", "/schemas/")
ROLE_EXTENSION = "x-required-role"
"""Name of the role in an operation of the OpenAPI document."""
SECURITY_SCHEMES = {
    "token": {
        "type": "http", "scheme": "bearer", "bearerFormat": "JWT",
        "description": "A token signed by the console, by `tracelot token issue`, or by an issuer of AUTH_ISSUERS.",
    }
}  # fmt: skip


@cache
def token_verifier() -> TokenVerifier:
    """Return the verifier for the issuers that the environment of the process names."""
    try:
        return TokenVerifier.from_environment()
    except ValidationError as error:
        problems = "; ".join(problem["msg"] for problem in error.errors(include_input=False))
        raise InvalidSettingsError(f"AUTH_ISSUERS: {problems}") from None
    except SettingsError:
        raise InvalidSettingsError("AUTH_ISSUERS: not a list in JSON") from None


def requires(role: Role) -> dict[str, Any]:
    """Return the part of `openapi_extra` that names the role of a route; without it a GET needs a viewer."""
    return {ROLE_EXTENSION: role.value}


def role_of(operation: Mapping[str, Any] | None, method: str) -> Role:
    """Return the role that an operation needs; raises if a write does not name one."""
    name = (operation or {}).get(ROLE_EXTENSION)
    if name is None and method.upper() not in {"GET", "HEAD"}:
        raise ValueError("a route that is no GET must name its role with `requires`")
    return Role(name or Role.VIEWER)


def is_open(path: str) -> bool:
    """Return whether a path needs no sign-in."""
    return path in OPEN_PATHS or path.startswith(OPEN_FOLDERS)


class UnauthenticatedError(ProblemError):
    """The request has no valid token."""

    headers = {"WWW-Authenticate": 'Bearer realm="tracelot"'}

    def __init__(self, detail: str) -> None:
        super().__init__(Code.UNAUTHENTICATED, detail)


class ForbiddenError(ProblemError):
    """The token does not permit the request."""

    def __init__(self, detail: str, **extra: Any) -> None:
        super().__init__(Code.FORBIDDEN, detail, **extra)


class KeysMissingError(ProblemError):
    """Whether the token is valid cannot be decided."""

    def __init__(self, detail: str) -> None:
        super().__init__(Code.SERVICE_UNAVAILABLE, detail)
        self.headers = retry_headers()


class AuthenticationMiddleware:
    """Refuses requests without a valid token before their body is read; `identity` of the scope says who sent it."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Forward the request with its identity, or respond with a problem."""
        if scope["type"] == "http" and not is_open(scope["path"]):
            try:
                scope["identity"] = await _authenticate(Headers(scope=scope))
            except ProblemError as error:
                count_rejection(scope["app"], error)
                await problem_response(error.problem, error.headers)(scope, receive, send)
                return
        await self.app(scope, receive, send)


async def _authenticate(headers: Headers) -> Identity:
    if "x-actor" in headers:
        raise ProblemError(Code.ACTOR_NOT_ALLOWED, "X-Actor: the actor is the subject of the token")
    scheme, _, token = headers.get("authorization", "").partition(" ")
    if scheme.lower() != "bearer" or not token.strip():
        raise UnauthenticatedError("The header Authorization with `Bearer` and a token is missing")
    try:
        return await token_verifier().verify(token.strip())
    except InvalidTokenError as error:
        raise UnauthenticatedError(f"The token is not accepted: {error}") from None
    except KeysUnavailableError as error:
        raise KeysMissingError(f"The keys of its issuer are not available: {error}") from None


async def authorize(request: Request) -> None:
    """Refuse a request whose token lacks the role of its route; a dependency of all routes."""
    if is_open(request.scope["path"]):
        return
    identity = identity_of(request)
    role = role_of(cast("APIRoute", request.scope["route"]).openapi_extra, request.method)
    if not identity.has_role(role):
        detail = f"This needs the role {role}; the token of {identity.subject} has {describe_roles(identity.roles)}"
        raise ForbiddenError(detail, required_role=role.value)
    command = f"{request.scope['route'].name} {request.headers.get('Idempotency-Key')}"
    if identity.command not in {"", command}:
        raise ForbiddenError(f"The token is only for the command and Idempotency-Key {identity.command}")


def identity_of(request: Request) -> Identity:
    """Return who sent a request."""
    identity: Identity | None = request.scope.get("identity")
    if identity is None:
        raise UnauthenticatedError("The request was not verified")
    return identity


def describe_security(document: dict[str, Any]) -> None:
    """Add the scheme of sign-in and the role of each operation to an OpenAPI document."""
    document.setdefault("components", {})["securitySchemes"] = SECURITY_SCHEMES
    for path, methods in document["paths"].items():
        for method, operation in methods.items():
            if is_open(path):
                operation["security"] = []
                continue
            role = operation[ROLE_EXTENSION] = role_of(operation, method).value
            operation["security"] = [{"token": []}]
            text = operation.get("description", "")
            operation["description"] = f"{text}\n\nRole: {role}.".strip()
