"""HTTP API of announced cartons and pallets."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query
from sqlalchemy import Row

from services.receiving.cartons import queries
from services.receiving.receipts.api.receipts import ReceiptPath, get_receipt_or_404
from services.receiving.receipts.domain.records import ReceiptStatus
from shared.contracts.model import KnownFieldsModel
from shared.contracts.problems import Code
from shared.http import NotFoundError, OpenFilter, Page, PageRequest, ProblemError, ReadTransaction, paged_by
from shared.identifiers import SignedQuantity
from shared.persistence.database import Transaction
from shared.scans import read_sscc

router = APIRouter(tags=["receipts"])


class CartonUnitOut(KnownFieldsModel):
    """A unit in a carton by its serial number."""

    serial: str
    status: Literal["EXPECTED", "SCANNED", "RECEIVED", "UNEXPECTED"]
    """UNEXPECTED: its receipt does not expect it any more, for example because another one does."""
    inferred_from: str | None


class AnnouncedCartonSummary(KnownFieldsModel):
    """A carton of a receipt, with what of its announced content is scanned, received and open.

    A lot counts if it was scanned by the SSCC: nothing else says from which carton it came. Nothing is open that the
    line does not expect any more.
    """

    sscc: str
    """SSCC of the carton or pallet in 18 digits."""
    pallet: str | None
    quantity: SignedQuantity
    """Announced quantity of its content."""
    scanned: SignedQuantity
    """Scanned quantity that is not confirmed."""
    received: SignedQuantity
    """Received quantity."""
    open_quantity: SignedQuantity
    """Quantity that is still to be scanned."""


class CartonItemOut(KnownFieldsModel):
    """What a carton contains of a line, and how much of it is scanned, received and open."""

    line: str
    sku: str
    lot: str
    quantity: SignedQuantity
    """Announced quantity."""
    scanned: SignedQuantity
    """Scanned quantity that is not confirmed."""
    received: SignedQuantity
    """Received quantity."""
    open_quantity: SignedQuantity
    """Quantity that is still to be scanned."""
    receive_by_carton: bool
    units: list[CartonUnitOut]
    """Its units that are announced by serial number."""


class AnnouncedCartonOut(AnnouncedCartonSummary):
    """A carton with its announced content."""

    receipt: str
    receipt_status: ReceiptStatus
    supplier: str
    content: list[CartonItemOut]
    """What it contains; empty if its ASN does not say it."""


class AnnouncedCartonDetail(AnnouncedCartonOut):
    """A carton, or a pallet with its cartons; quantities of a pallet are those of all its cartons."""

    cartons: list[AnnouncedCartonOut]
    """Cartons on the pallet."""


@router.get("/receipts/{receipt}/cartons")
async def list_receipt_cartons(
    tx: ReadTransaction,
    receipt: ReceiptPath,
    *,
    pallet: Annotated[str | None, Query(description="SSCC of the pallet.")] = None,
    open: OpenFilter = None,  # noqa: A002 - the name of the parameter
    page: Annotated[PageRequest, paged_by(queries.CARTON_SORTS)],
) -> Page[AnnouncedCartonSummary]:
    """List the announced cartons of a receipt with their progress."""
    await get_receipt_or_404(tx, receipt)
    rows = await page.fetch(tx, queries.select_cartons, {"receipt": receipt, "pallet": pallet, "open": open})
    return page.build(rows, lambda row: AnnouncedCartonSummary.model_validate(row._asdict()))


@router.get("/cartons/{sscc}")
async def get_carton(
    tx: ReadTransaction,
    sscc: Annotated[str, Path(description="SSCC of a carton or pallet: 18 digits, or any scan that contains it.")],
    *,
    receipt: Annotated[str | None, Query(description="Receipt; by default the open or the latest one.")] = None,
) -> AnnouncedCartonDetail:
    """Get what a carton or pallet contains, what of it is received, and what is open."""
    if (number := read_sscc(sscc)) is None:
        raise ProblemError(Code.CARTON_NOT_FOUND, f"{sscc[:64]!r} is no SSCC", ids=[sscc[:64]])
    if (found := await find_carton(tx, number, receipt)) is None:
        detail = f"No open or earlier receipt has carton or pallet {number}"
        raise NotFoundError(detail, ids=[number], code=Code.CARTON_NOT_FOUND)
    return found


async def find_carton(tx: Transaction, sscc: str, receipt: str | None = None) -> AnnouncedCartonDetail | None:
    """Find a carton or pallet by its SSCC; None if no receipt announces it."""
    rows = await queries.find_carton(tx, sscc, receipt)
    if not rows:
        return None
    by_sscc: dict[str, list[Row[Any]]] = {}
    for row in rows:
        by_sscc.setdefault(row.sscc, []).append(row)
    cartons = [_to_carton(number, rows[0], group) for number, group in by_sscc.items() if number != sscc]
    own = _to_carton(sscc, rows[0], by_sscc.get(sscc, []))
    totals = {
        name: sum((getattr(carton, name) for carton in (own, *cartons)), Decimal(0))
        for name in ("quantity", "scanned", "received", "open_quantity")
    }
    return AnnouncedCartonDetail(**dict(own) | totals, cartons=cartons)


def _to_carton(sscc: str, head: Row[Any], rows: Sequence[Row[Any]]) -> AnnouncedCartonOut:
    content = [
        CartonItemOut.model_validate(
            row._asdict()
            | {"open_quantity": max(min(row.quantity - row.scanned - row.received, row.line_open), Decimal(0))}
        )
        for row in rows
        if row.line is not None
    ]
    totals = {
        name: sum((getattr(item, name) for item in content), Decimal(0))
        for name in ("quantity", "scanned", "received", "open_quantity")
    }
    return AnnouncedCartonOut(
        sscc=sscc, pallet=next((row.pallet for row in rows if row.pallet), None), receipt=head.receipt,
        receipt_status=head.receipt_status, supplier=head.supplier, content=content, **totals,
    )  # fmt: skip
