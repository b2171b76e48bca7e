"""Long lists in pages: an opaque cursor names the last item seen, so that pages neither skip nor repeat."""

import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Sequence
from typing import Any, Generic, TypeVar

from pydantic import Field

from shared.contracts.model import KnownFieldsModel
from shared.contracts.problems import Code
from shared.http.problems import Problem

T = TypeVar("T")
R = TypeVar("R")


class Page(KnownFieldsModel, Generic[T]):
    """One page of a list."""

    items: list[T]
    next: str | None = Field(default=None, description="`cursor` of the next page; null on the last page.")

    @classmethod
    def model_parametrized_name(cls, params: tuple[Any, ...]) -> str:
        """A name that can stand in a client, as `ReceiptPage`."""
        return f"{getattr(params[0], '__name__', 'Any')}Page"


def cursor(*key: Any) -> str:
    """The cursor that stands after an item with this sort key."""
    return urlsafe_b64encode(json.dumps(key, separators=(",", ":")).encode()).decode().rstrip("=")


def parts(given: str | None, *types: type) -> tuple[Any, ...] | None:
    """The sort key in a cursor, as values of these types; none on the first page."""
    if given is None:
        return None
    wrong = Problem(Code.MALFORMED, "cursor: it is not one that a page of this list gave")
    try:
        key = json.loads(urlsafe_b64decode(given + "=" * (-len(given) % 4)))
    except ValueError:
        raise wrong from None
    if not isinstance(key, list) or [type(part) for part in key] != list(types):
        raise wrong
    return tuple(key)


def page(rows: Sequence[R], limit: int, item: Callable[[R], T], key: Callable[[R], Sequence[Any]]) -> Page[T]:
    """A page of rows that were asked for with one more than `limit`, which tells whether there is a next."""
    shown = rows[:limit]
    return Page[Any](
        items=[item(row) for row in shown],
        next=cursor(*key(shown[-1])) if len(rows) > limit else None,
    )
