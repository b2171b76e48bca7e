"""HTTP API of suppliers."""

from typing import Annotated

from fastapi import APIRouter, Path
from sqlalchemy import text

from services.receiving.suppliers.domain.definitions import SupplierOut
from shared.contracts.problems import Code
from shared.http import NotFoundError, Page, PageRequest, ReadTransaction, paged_by
from shared.persistence.sorting import SortKey, SortOrder, Sorts

router = APIRouter(tags=["suppliers"])
COLUMNS = "s.supplier, s.receive_by_carton, s.changed_at, s.changed_by"
SELECT_ONE = text(f"SELECT {COLUMNS} FROM supplier s WHERE s.supplier = :supplier")  # noqa: S608 - constant names
SORTS = Sorts("supplier", supplier=[SortKey("s.supplier")])


def select_suppliers(order: SortOrder) -> str:
    """Write the statement of a page of suppliers."""
    return f"SELECT {COLUMNS} FROM supplier s WHERE {order.after()} {order.order_by} LIMIT :size"  # noqa: S608


@router.get("/suppliers")
async def list_suppliers(tx: ReadTransaction, page: Annotated[PageRequest, paged_by(SORTS)]) -> Page[SupplierOut]:
    """List the suppliers with settings, by name."""
    rows = await page.fetch(tx, select_suppliers, {})
    return page.build(rows, lambda row: SupplierOut.model_validate(row._asdict()))


@router.get("/suppliers/{supplier}")
async def get_supplier(
    tx: ReadTransaction, supplier: Annotated[str, Path(description="Supplier as ASNs name it.")]
) -> SupplierOut:
    """Get how the goods of a supplier are received."""
    for row in await tx.fetch_all(SELECT_ONE, {"supplier": supplier}):
        return SupplierOut.model_validate(row._asdict())
    raise NotFoundError(f"Supplier {supplier} has no settings", ids=[supplier], code=Code.SUPPLIER_NOT_FOUND)
