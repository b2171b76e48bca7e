"""Path parameters with encoded slashes: `%2F` belongs to an identifier and does not separate path segments.

ASGI servers decode the path first; without this middleware the order `SO-1/picks` would be the picks of `SO-1`.
"""

from urllib.parse import quote, unquote

from starlette.convertors import StringConvertor, register_url_convertor
from starlette.types import ASGIApp, Receive, Scope, Send

SLASH = "\x1f"
"""Placeholder of an encoded slash during routing; identifiers have no control characters."""


class EncodedSlashMiddleware:
    """Preserves encoded slashes until routing is done."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Replace encoded slashes and forward the request."""
        raw = scope.get("raw_path") or b""
        if scope["type"] == "http" and b"%2f" in raw.lower():
            quoted = raw.decode("latin-1").replace("%2f", "%1F").replace("%2F", "%1F")
            scope = {**scope, "path": unquote(quoted)}
        await self.app(scope, receive, send)


class SegmentConvertor(StringConvertor):
    """Converter of a path segment."""

    def convert(self, value: str) -> str:
        """Restore the slashes of an identifier."""
        return value.replace(SLASH, "/")


class OptionalSegmentConvertor(SegmentConvertor):
    """Converter of a path segment that may be empty."""

    regex = "[^/]*"


def encode_path(path: str) -> str:
    """Percent-encode the segments of a path."""
    return "/".join(quote(segment.replace(SLASH, "/"), safe="") for segment in path.split("/"))


register_url_convertor("str", SegmentConvertor())
register_url_convertor("optional", OptionalSegmentConvertor())
