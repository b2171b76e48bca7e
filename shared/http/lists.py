"""Sorted lists: one declaration of orders provides `sort`, `cursor` and `limit`, and the page that they request."""

from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from typing import Annotated, Any, Literal, NamedTuple, TypeVar

from fastapi import Depends, Query
from sqlalchemy import Row, TextClause, text

from shared.http.pages import Page, decode_cursor, paginate
from shared.http.parameters import SORT_DESCRIPTION, Cursor, Limit
from shared.persistence.database import Transaction
from shared.persistence.sorting import SortOrder, Sorts

T = TypeVar("T")
Statement = Callable[[SortOrder], str]
"""Writes the statement of a page in an order; it has the parameters of the order and `:size`."""


@lru_cache(maxsize=512)
def statement_in_order(statement: Statement, order: SortOrder) -> TextClause:
    """Return the statement of a list in an order."""
    return text(statement(order))


class PageRequest(NamedTuple):
    """A page of a list: its order, the key of the row before it, and its size."""

    order: SortOrder
    after: Sequence[Any] | None
    limit: int

    @property
    def parameters(self) -> dict[str, Any]:
        """Parameters of the statement: one more row shows whether there is a next page."""
        return self.order.parameters(self.after) | {"size": self.limit + 1}

    async def fetch(self, tx: Transaction, statement: Statement, filters: Mapping[str, Any]) -> Sequence[Row[Any]]:
        """Return the rows of the page, and the next one."""
        return await tx.fetch_all(statement_in_order(statement, self.order), {**filters, **self.parameters})

    def build(self, rows: Sequence[Row[Any]], item: Callable[[Row[Any]], T]) -> Page[T]:
        """Build the page from its rows and the next one."""
        return paginate(rows, self.limit, item, self.order.key)


def first_page(sorts: Sorts, limit: int) -> PageRequest:
    """Return the first page in the default order."""
    return PageRequest(sorts.default, None, limit)


def ordered_by(sorts: Sorts) -> Any:
    """Return the dependency that reads `sort`."""

    def select_order(sort: str = next(iter(sorts))) -> SortOrder:
        return sorts[sort]

    names: Any = Literal[tuple(sorts)]
    description = f"{SORT_DESCRIPTION} {sorts.description}".rstrip()
    select_order.__annotations__["sort"] = Annotated[names, Query(description=description)]
    return Depends(select_order)


def paged_by(sorts: Sorts) -> Any:
    """Return the dependency that reads `sort`, `cursor` and `limit`."""

    def select_page(
        order: Annotated[SortOrder, ordered_by(sorts)], cursor: Cursor = None, limit: Limit = 100
    ) -> PageRequest:
        return PageRequest(order, decode_cursor(cursor, *order.key_types, is_valid=order.accepts), limit)

    return Depends(select_page)
