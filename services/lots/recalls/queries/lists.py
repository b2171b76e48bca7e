"""The four lists of a recall, each one view: what of it lies where, who waits for it, whom to call, that it adds up."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import Path, Request
from pydantic import BaseModel, Field

from services.lots.balances.queries import Reconciled
from services.lots.recalls.queries.recalls import one
from services.lots.recalls.store.views import CALLS, ORDERS, RECONCILIATION, STOCK
from shared.contracts.model import KnownFieldsModel
from shared.database import reading
from shared.http import NotFound
from shared.http.reports import Report
from shared.identifiers import Exact


class Item(KnownFieldsModel):
    """A lot or a unit of a product."""

    sku: str = Field(description="the product")
    item: str = Field(description="the lot, or the serial")


class RecallStockRow(Item):
    """Stock that a recall touches."""

    warehouse: str = Field(description="the warehouse")
    location: str = Field(description="the place")
    on_hand: Exact = Field(description="what lies there")
    allocated: Exact = Field(description="of that what orders have")
    held: bool = Field(description="whether the recall still keeps it; its hold is lifted from what was found good")


class RecallOrderRow(Item):
    """Orders that have some of it, which has not left."""

    order: str = Field(description="the order")
    status: Literal["ALLOCATED", "PICKED"] = Field(description="how far it is")
    quantity: Exact = Field(description="how much")
    held: bool = Field(description="whether the recall still keeps it from being dispatched")


class CallRow(Item):
    """Customers to call: what left for them, what came back of it, and how the call went."""

    customer: str = Field(description="the customer")
    customer_name: str = Field(description="the customer's name")
    contact: str = Field(description="whom to call")
    order: str = Field(description="the order")
    shipment: str = Field(description="the shipment")
    shipped_at: datetime | None = Field(description="when it left")
    quantity: Exact = Field(description="how much left")
    returned: Exact = Field(description="how much of that came back")
    mark: Literal["NOTIFIED", "RETURNED", "DESTROYED", "UNREACHABLE"] | None = Field(description="the last mark")
    note: str | None = Field(description="what was noted with it")
    marked_at: datetime | None = Field(description="when")
    marked_by: str | None = Field(description="by whom")


class RecallReconciliationRow(Reconciled, Item):
    """Reconciliation of a recall: what came in is on hand, picked, shipped or written off, lot by lot."""

    difference: Exact = Field(description="what is not accounted for")


async def of_recall(request: Request, recall: Annotated[str, Path(description="Recall.")]) -> dict[str, Any]:
    """Those of the recall in the address; one that is not there has no empty list, as if nothing were left."""
    async with reading(request.app.state.engine) as tx:  # of its own: it would be idle while a file begins
        if await one(tx, recall) is None:
            raise NotFound(f"there is no recall {recall}", ids=[recall])
    return {"recall": recall}


def _list(name: str, row: type[BaseModel], key: Mapping[str, str], view: str) -> Report:
    names = ", ".join(f'"{part}" COLLATE "C"' for part in key)
    after = ", ".join(f"CAST(:after_{part} AS text)" for part in key)
    ordered = f"SELECT * FROM ({view}) AS it WHERE ({names}) > ({after}) ORDER BY {names} LIMIT :size"  # noqa: S608
    return Report(name, row, key, ordered, of_recall)


LISTS = (
    _list("stock", RecallStockRow, {"sku": "", "item": "", "location": ""}, STOCK),
    _list("orders", RecallOrderRow, {"order": "", "sku": "", "item": "", "status": ""}, ORDERS),
    _list("calls", CallRow, {"customer": "", "shipment": "", "order": "", "sku": "", "item": ""}, CALLS),
    _list("reconciliation", RecallReconciliationRow, {"sku": "", "item": "", "warehouse": ""}, RECONCILIATION),
)
