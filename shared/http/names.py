"""Names in addresses: a slash that is quoted belongs to its name, and is no border between the parts of an address.

Servers unquote an address before anybody sees it, so that the order `SO-1/picks` would be the picks of `SO-1`. Routes
take names with `{name}` and `{name:path}`; with `{names:quoted}` several, whose own slashes are still SLASH, and with
`{names:pair}` two at least: pages of units, so that a unit may be called as a page is.
"""

from urllib.parse import quote, unquote

from starlette.convertors import PathConvertor, StringConvertor, register_url_convertor
from starlette.types import ASGIApp, Receive, Scope, Send

SLASH = "\x1f"
"""Stands for a quoted slash while the route is sought: no name has a control character."""


class QuotedSlashes:
    """Keeps quoted slashes apart from others until the route is found."""

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


class Names(PathConvertor):
    """One part of an address or more: a name whose slashes may be quoted or not."""

    def convert(self, value: str) -> str:
        """As it was named."""
        return value.replace(SLASH, "/")


class Pair(PathConvertor):
    """Two names or more, whose own slashes are still SLASH."""

    regex = "[^/]+/.+"


def shown(path: str) -> str:
    """An address as it is written, all its names quoted."""
    return "/".join(quote(part.replace(SLASH, "/"), safe="") for part in path.split("/"))


register_url_convertor("quoted", PathConvertor())
register_url_convertor("pair", Pair())
register_url_convertor("str", Name())
register_url_convertor("path", Names())
