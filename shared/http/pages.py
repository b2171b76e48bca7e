"""Keyset pagination: an opaque cursor holds the key of the last item, so that pages neither skip nor repeat items.

A cursor also holds a checksum of its list and filters; with any other list or filter it is refused.
"""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Sequence
from contextvars import ContextVar
from hashlib import blake2s
from typing import Any, Generic, NamedTuple, TypeVar

from fastapi import Request
from pydantic import ConfigDict, Field
from pydantic_core import from_json

from shared.contracts.model import KnownFieldsModel
from shared.contracts.problems import Code
from shared.http.paths import encode_path
from shared.http.problems import ProblemError

T = TypeVar("T")
R = TypeVar("R")

MAX_CURSOR_LENGTH = 4096
MAX_BIGINT = 2**63 - 1


class Page(KnownFieldsModel, Generic[T]):
    """One page of a list."""

    # Its fields have descriptions; otherwise pydantic would read the source at each use, and fail at the end of a file.
    model_config = ConfigDict(use_attribute_docstrings=False)

    items: list[T]
    next: str | None = Field(default=None, description="`cursor` of the next page; null on the last page.")

    @classmethod
    def model_parametrized_name(cls, params: tuple[Any, ...]) -> str:
        """Return a name for generated clients, for example `ReceiptPage`."""
        return f"{getattr(params[0], '__name__', 'Any')}Page"


class ListScope(NamedTuple):
    """Identity of the list that a request reads."""

    service: str = ""
    path: str = ""
    filters: tuple[tuple[str, str], ...] = ()

    def checksum(self) -> str:
        """Return a short checksum."""
        return blake2s(json.dumps(self).encode(), digest_size=6).hexdigest()


_list_scope: ContextVar[ListScope] = ContextVar("list_scope", default=ListScope())  # noqa: B039 - immutable


async def bind_list(request: Request) -> None:
    """Bind cursors to the list and the filters of a request; a dependency of all routes."""
    filters = sorted(item for item in request.query_params.multi_items() if item[0] not in {"cursor", "limit"})
    _list_scope.set(ListScope(request.app.title, encode_path(request.scope["path"]), tuple(filters)))


def select_list(path: str) -> None:
    """Bind cursors to another list of the same service, without filters; used by a resource that embeds its page."""
    _list_scope.set(ListScope(_list_scope.get().service, path))


def encode_cursor(*key: Any) -> str:
    """Encode the sort key of the last item as a cursor."""
    content = json.dumps([_list_scope.get().checksum(), *key], separators=(",", ":"), ensure_ascii=False)
    return urlsafe_b64encode(content.encode()).decode().rstrip("=")


def decode_cursor(
    cursor: str | None, *types: type, is_valid: Callable[[Sequence[Any]], bool] = lambda _: True
) -> tuple[Any, ...] | None:
    """Decode a cursor into a sort key of the given types; returns None for the first page."""
    if cursor is None:
        return None
    problem = ProblemError(Code.VALIDATION_ERROR, "cursor: not a cursor of this list with these filters")
    try:
        content = from_json(urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)), allow_inf_nan=False)
    except ValueError:
        raise problem from None
    if not isinstance(content, list) or content[:1] != [_list_scope.get().checksum()]:
        raise problem
    key = content[1:]
    if [type(value) for value in key] != list(types) or not all(map(_is_storable, key)) or not is_valid(key):
        raise problem
    return tuple(key)


def _is_storable(value: Any) -> bool:
    """Return whether PostgreSQL can represent a value of a sort key."""
    return "\0" not in value if isinstance(value, str) else abs(value) <= MAX_BIGINT


def paginate(rows: Sequence[R], limit: int, item: Callable[[R], T], key: Callable[[R], Sequence[Any]]) -> Page[T]:
    """Build a page from `limit` + 1 requested rows; the additional row indicates a next page."""
    visible = rows[:limit]
    return Page[Any](
        items=[item(row) for row in visible],
        next=encode_cursor(*key(visible[-1])) if len(rows) > limit else None,
    )
