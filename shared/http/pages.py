"""Keyset pagination: an opaque cursor holds the key of the last item, so that pages neither skip nor repeat items."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar

from pydantic import Field

from shared.contracts.model import KnownFieldsModel
from shared.contracts.problems import Code
from shared.http.problems import ProblemError

T = TypeVar("T")
R = TypeVar("R")


class Page(KnownFieldsModel, Generic[T]):
    """One page of a list."""

    items: list[T]
    next: str | None = Field(default=None, description="`cursor` of the next page; null on the last page.")

    @classmethod
    def model_parametrized_name(cls, params: tuple[Any, ...]) -> str:
        """Return a name for generated clients, for example `ReceiptPage`."""
        return f"{getattr(params[0], '__name__', 'Any')}Page"


def encode_cursor(*key: Any) -> str:
    """Encode the sort key of the last item as a cursor."""
    return urlsafe_b64encode(json.dumps(key, separators=(",", ":")).encode()).decode().rstrip("=")


def decode_cursor(cursor: str | None, *types: type) -> tuple[Any, ...] | None:
    """Decode a cursor into a sort key of the given types; returns None for the first page."""
    if cursor is None:
        return None
    problem = ProblemError(Code.VALIDATION_ERROR, "cursor: not a cursor of this list")
    try:
        key = json.loads(urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except ValueError:
        raise problem from None
    if not isinstance(key, list) or [type(value) for value in key] != list(types):
        raise problem
    return tuple(key)


def paginate(rows: Sequence[R], limit: int, item: Callable[[R], T], key: Callable[[R], Sequence[Any]]) -> Page[T]:
    """Build a page from `limit` + 1 requested rows; the additional row indicates a next page."""
    visible = rows[:limit]
    return Page[Any](
        items=[item(row) for row in visible],
        next=encode_cursor(*key(visible[-1])) if len(rows) > limit else None,
    )
