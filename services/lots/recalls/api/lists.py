"""The four lists of a recall, each as a page of JSON and as a CSV file: stock, orders, calls, reconciliation."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal, NamedTuple

from fastapi import APIRouter, Request
from fastapi.responses import StreamingResponse
from pydantic import BaseModel
from sqlalchemy import TextClause

from services.lots.recalls import queries
from shared.http import Column, Limit, Page, Reading, csv_response, page, parts
from shared.identifiers import Exact

router = APIRouter(prefix="/recalls", tags=["recalls"])


class StockRow(BaseModel):
    """What of it lies where; `item` is a lot, or a serial; `held` whether the recall still keeps it."""

    sku: str
    item: str
    warehouse: str
    location: str
    on_hand: Exact
    allocated: Exact
    held: bool


class OrderRow(BaseModel):
    """What of it orders have that has not left; held, it is not dispatched."""

    order: str
    sku: str
    item: str
    status: Literal["ALLOCATED", "PICKED"]
    quantity: Exact
    held: bool


class CallRow(BaseModel):
    """A customer to call: what left with which shipment, what came back of it, and how the call went."""

    customer: str
    customer_name: str
    contact: str
    order: str
    shipment: str
    shipped_at: datetime | None
    sku: str
    item: str
    quantity: Exact
    returned: Exact
    mark: Literal["NOTIFIED", "RETURNED", "DESTROYED", "UNREACHABLE"] | None
    note: str | None
    marked_at: datetime | None
    marked_by: str | None


class ReconciliationRow(BaseModel):
    """A lot in a warehouse: received + returned + counted up = on hand + picked + shipped + scrapped + sent back +
    counted down, or the difference."""

    sku: str
    item: str
    warehouse: str
    received: Exact
    returned: Exact
    counted_up: Exact
    on_hand: Exact
    allocated: Exact
    picked: Exact
    shipped: Exact
    scrapped: Exact
    sent_back: Exact
    counted_down: Exact
    difference: Exact


class View(NamedTuple):
    """One list: its statement, what its rows are, and what they are ordered by."""

    name: str
    statement: TextClause
    row: type[BaseModel]
    key: Sequence[str]

    def values(self, recall: str, after: Sequence[str], size: int | None) -> dict[str, Any]:
        """What the statement is asked with."""
        return {"recall": recall, "size": size} | {
            f"after_{name}": part for name, part in zip(self.key, after, strict=True)
        }


VIEWS = (
    View("stock", queries.STOCK_PAGE, StockRow, queries.STOCK_KEY),
    View("orders", queries.ORDERS_PAGE, OrderRow, queries.ORDERS_KEY),
    View("calls", queries.CALLS_PAGE, CallRow, queries.CALLS_KEY),
    View("reconciliation", queries.RECONCILIATION_PAGE, ReconciliationRow, queries.RECONCILIATION_KEY),
)


def _serve(view: View) -> None:
    first = ("",) * len(view.key)
    shown: Any = view.row

    @router.get(f"/{{recall:path}}/{view.name}", response_model=Page[shown], name=view.name, description=shown.__doc__)
    async def as_page(tx: Reading, recall: str, cursor: str | None = None, limit: Limit = 100) -> Page[Any]:
        after = parts(cursor, *(str for _ in view.key)) or first
        rows = await tx.rows(view.statement, view.values(recall, after, limit + 1))
        return page(
            rows,
            limit,
            lambda row: shown.model_validate(row._asdict()),
            lambda row: [row._asdict()[k] for k in view.key],
        )

    @router.get(f"/{{recall:path}}/{view.name}.csv", name=f"{view.name} as CSV", description=shown.__doc__)
    async def as_file(request: Request, recall: str) -> StreamingResponse:
        columns = [Column(name, "") for name in view.row.model_fields]
        return await csv_response(
            request, f"recall-{view.name}", columns, view.statement, view.values(recall, first, None)
        )


for each in VIEWS:
    _serve(each)
