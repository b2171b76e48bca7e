"""Lists of a recall: stock, orders, customer contacts and reconciliation."""

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import Path, Request
from pydantic import BaseModel, Field

from services.lots.balances.queries import ReconciliationTotals, reconciliation_query
from services.lots.recalls.queries.recalls import find_recall
from shared.contracts.model import KnownFieldsModel
from shared.contracts.problems import Code
from shared.http import NotFoundError
from shared.http.reports import Report
from shared.identifiers import SignedQuantity
from shared.persistence.database import read_only
from shared.persistence.sorting import SortKey, SortOrder, Sorts


class RecallItem(KnownFieldsModel):
    """A lot or serial of a product."""

    sku: str = Field(description="SKU of the product")
    lot_or_serial: str = Field(description="lot number or serial number")


class RecallStockRow(RecallItem):
    """Stock affected by a recall."""

    warehouse: str = Field(description="warehouse")
    location: str = Field(description="location")
    on_hand: SignedQuantity = Field(description="on-hand quantity")
    allocated: SignedQuantity = Field(description="allocated part of the on-hand quantity")
    on_hold: bool = Field(description="whether the hold of the recall is still open")


class RecallOrderRow(RecallItem):
    """Orders with allocated or picked stock of a recall."""

    order: str = Field(description="order")
    status: Literal["ALLOCATED", "PICKED"] = Field(description="whether the stock is allocated or picked")
    quantity: SignedQuantity = Field(description="quantity")
    on_hold: bool = Field(description="whether the hold of the recall still blocks the dispatch")


class ContactRow(RecallItem):
    """Customer contacts of a recall: shipped and returned quantities, and the outcome of the contact."""

    customer: str = Field(description="customer")
    customer_name: str = Field(description="name of the customer")
    contact: str = Field(description="telephone number or e-mail address")
    ship_to: str = Field(description="delivery address, empty if unknown")
    order: str = Field(description="order")
    shipment: str = Field(description="shipment")
    shipped_at: datetime | None = Field(description="time of departure")
    quantity: SignedQuantity = Field(description="shipped quantity")
    returned: SignedQuantity = Field(description="returned part of the shipped quantity")
    outcome: Literal["NOTIFIED", "RETURNED", "DESTROYED", "UNREACHABLE"] | None = Field(
        description="outcome of the last contact"
    )
    note: str | None = Field(
        description="note on the last contact; without an outcome, a mark that names no customer and settles none"
    )
    contacted_at: datetime | None = Field(description="time of the last contact")
    contacted_by: str | None = Field(description="user who recorded it")


class RecallReconciliationRow(ReconciliationTotals, RecallItem):
    """Reconciliation of a recall by lot: inflows equal on-hand, picked, shipped and written-off quantities.

    Units are reconciled by product and lot, with an empty warehouse for those that left.
    """

    difference: SignedQuantity = Field(description="quantity not accounted for")


async def recall_filters(
    request: Request, recall: Annotated[str, Path(description="Id of the recall.")]
) -> dict[str, Any]:
    """Filter by the recall in the path; an unknown recall is not found, not an empty list."""
    # A separate transaction: the one of the request would be idle while a file is streamed.
    async with read_only(request.app.state.engine) as tx:
        if await find_recall(tx, recall) is None:
            raise NotFoundError(f"Recall {recall} not found", ids=[recall], code=Code.RECALL_NOT_FOUND)
    return {"recall": recall}


def _report(name: str, row: type[BaseModel], columns: Sequence[str], source: Callable[[SortOrder], str]) -> Report:
    """Return a list that is read as a whole and sorted: it has the rows of one recall."""
    sorts = Sorts(columns[0], **{columns[0]: [SortKey(f'"{name}" COLLATE "C"', name=name) for name in columns]})

    def select_rows(order: SortOrder) -> str:
        return f"SELECT * FROM {source(order)} AS list WHERE {order.after()} {order.order_by} LIMIT :size"  # noqa: S608

    return Report(name, row, sorts, select_rows, recall_filters)


def _view_report(name: str, row: type[BaseModel], columns: Sequence[str], view: str) -> Report:
    return _report(name, row, columns, lambda _: f"(SELECT * FROM {view} WHERE recall = :recall)")  # noqa: S608


def reconciliation_rows(order: SortOrder) -> str:
    """Write the source of the reconciliation: only the lots of the page that have ledger entries, and the units.

    It shares its text with the report on all lots.
    """
    lots = f"""
        SELECT l.sku, l.lot FROM recall_lot AS l
        CROSS JOIN LATERAL (SELECT FROM ledger AS g WHERE g.sku = l.sku AND g.lot = l.lot LIMIT 1) AS entry
        WHERE l.recall = :recall AND {order.after("l.sku", "l.lot", or_at=True)}
        {order.by("l.sku", "l.lot")} LIMIT CAST(:size AS integer) + 1
    """  # noqa: S608 - all parts are constants of this service
    names = ", ".join(name for name in RecallReconciliationRow.model_fields if name not in RecallItem.model_fields)
    return f"""(
        SELECT r.sku, r.lot AS lot_or_serial, {names} FROM ({reconciliation_query(lots)}) AS r
        UNION ALL SELECT sku, lot_or_serial, {names} FROM recall_unit_totals WHERE recall = :recall
    )"""  # noqa: S608


LISTS = (
    _view_report("stock", RecallStockRow, ("sku", "lot_or_serial", "location"), "recall_stock"),
    _view_report("orders", RecallOrderRow, ("order", "sku", "lot_or_serial", "status"), "recall_order"),
    _view_report(
        "contacts", ContactRow, ("customer", "shipment", "order", "sku", "lot_or_serial"), "recall_contact_status"
    ),
    _report("reconciliation", RecallReconciliationRow, ("sku", "lot_or_serial", "warehouse"), reconciliation_rows),
)
