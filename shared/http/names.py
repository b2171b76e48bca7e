"""Names in addresses: a slash of a name is sent as `%2F`, and does not separate the parts of the address.

Servers decode an address before anybody sees it, so that the order `SO-1/picks` would be the picks of `SO-1`.
"""

from urllib.parse import quote, unquote

from starlette.convertors import StringConvertor, register_url_convertor
from starlette.types import ASGIApp, Receive, Scope, Send

SLASH = "\x1f"
"""Stands for an encoded slash until the route is found: no name has a control character."""


class QuotedSlashes:
    """Keeps encoded slashes apart from others until the route is found."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand a request on."""
        raw = scope.get("raw_path") or b""
        if scope["type"] == "http" and b"%2f" in raw.lower():
            quoted = raw.decode("latin-1").replace("%2f", "%1F").replace("%2F", "%1F")
            scope = {**scope, "path": unquote(quoted)}
        await self.app(scope, receive, send)


class Name(StringConvertor):
    """One part of an address."""

    def convert(self, value: str) -> str:
        """As it was named."""
        return value.replace(SLASH, "/")


class NameOrNothing(Name):
    """One part of an address, which may be empty."""

    regex = "[^/]*"


def shown(path: str) -> str:
    """An address as it is written, all its names encoded."""
    return "/".join(quote(part.replace(SLASH, "/"), safe="") for part in path.split("/"))


register_url_convertor("str", Name())
register_url_convertor("optional", NameOrNothing())
