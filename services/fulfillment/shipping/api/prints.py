"""HTTP endpoints for carton labels, packing slips and delivery notes."""

from collections.abc import Sequence
from typing import Any

from fastapi import APIRouter, Response
from sqlalchemy import Row

from services.fulfillment.shipping.api.documents import build_delivery_notes, build_packing_slips
from services.fulfillment.shipping.api.reads import CartonPath, ShipmentPath, carton_not_found, shipment_not_found
from services.fulfillment.shipping.queries import prints as queries
from services.fulfillment.shipping.queries import reads
from shared.contracts.problems import Code
from shared.http import OrderFilter, ProblemError, ReadTransaction, ShipmentFilter
from shared.http.labels import (
    LABEL_RESPONSE,
    MAX_LABELS,
    PDF_RESPONSE,
    SHEET_RESPONSE,
    OneLabel,
    PrintResponse,
    SeveralLabels,
    pdf_response,
    require_few,
)
from shared.labels import Label, SizeName, carton_label
from shared.labels.documents import draw_documents
from shared.persistence.database import Transaction

router = APIRouter(tags=["labels"])


@router.get("/cartons/{carton}/label", response_class=PrintResponse, responses=LABEL_RESPONSE)
async def get_carton_label(tx: ReadTransaction, carton: CartonPath, printing: OneLabel) -> Response:
    """Get the label of a carton with its address: SSCC in GS1-128, without one its number in a plain code."""
    head = await _find_carton(tx, carton)
    rows = await queries.find_labelled_cartons(tx, 1, carton=head.carton)
    return await printing.draw([_label(row, printing.size) for row in rows])


@router.get("/carton-labels", response_class=PrintResponse, responses=SHEET_RESPONSE)
async def list_carton_labels(
    tx: ReadTransaction, printing: SeveralLabels, *, order: OrderFilter = None, shipment: ShipmentFilter = None
) -> Response:
    """Get the labels of the cartons of an order or shipment; at most 1,000."""
    rows = await queries.find_labelled_cartons(tx, MAX_LABELS + 1, order=order, shipment=shipment)
    require_few(rows)
    return await printing.draw([_label(row, printing.size) for row in rows])


@router.get("/cartons/{carton}/packing-slip", response_class=PrintResponse, responses=PDF_RESPONSE)
async def get_carton_packing_slip(tx: ReadTransaction, carton: CartonPath) -> Response:
    """Get the packing slip of a carton as PDF: its serial numbers, lots, expiry dates and quantities."""
    head = await _find_carton(tx, carton)
    shipment = await reads.find_shipment(tx, head.shipment) if head.shipment else None
    content = await queries.find_content(tx, carton=head.carton)
    orders = await queries.find_addresses(tx, [head.order_id])
    return await pdf_response(lambda: draw_documents(build_packing_slips(content, orders, shipment)))


@router.get("/shipments/{shipment}/packing-slips", response_class=PrintResponse, responses=PDF_RESPONSE)
async def get_shipment_packing_slips(tx: ReadTransaction, shipment: ShipmentPath) -> Response:
    """Get the packing slips of all cartons of a shipment as PDF."""
    head = await _find_shipment(tx, shipment)
    content = await _find_content(tx, shipment)
    orders = await queries.find_addresses(tx, head.orders)
    return await pdf_response(lambda: draw_documents(build_packing_slips(content, orders, head)))


@router.get("/shipments/{shipment}/delivery-note", response_class=PrintResponse, responses=PDF_RESPONSE)
async def get_delivery_note(tx: ReadTransaction, shipment: ShipmentPath) -> Response:
    """Get the delivery note of a shipment as PDF: per order its address, quantities by line and lot, and cartons."""
    head = await _find_shipment(tx, shipment)
    content = await _find_content(tx, shipment)
    orders = await queries.find_addresses(tx, head.orders)
    return await pdf_response(lambda: draw_documents(build_delivery_notes(content, orders, head)))


async def _find_carton(tx: Transaction, carton: str) -> Row[Any]:
    head = await reads.find_carton(tx, carton)
    if head is None:
        raise carton_not_found(carton)
    return head


async def _find_shipment(tx: Transaction, shipment: str) -> Row[Any]:
    head = await reads.find_shipment(tx, shipment)
    if head is None:
        raise shipment_not_found(shipment)
    return head


async def _find_content(tx: Transaction, shipment: str) -> Sequence[Row[Any]]:
    """Find the content of a shipment; nothing is printed in part."""
    content = await queries.find_content(tx, shipment=shipment)
    if len(content) > queries.MAX_LINES:
        detail = f"Shipment {shipment} has over {queries.MAX_LINES} content lines; print it carton by carton"
        raise ProblemError(Code.VALIDATION_ERROR, detail)
    return content


def _label(row: Row[Any], size: SizeName | None) -> Label:
    address = [line for line in (row.customer_name, *row.ship_to.splitlines()) if line]
    return carton_label(row.carton, row.order_id, row.sscc, size or "100x150", address)
