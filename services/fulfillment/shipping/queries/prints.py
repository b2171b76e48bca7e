"""Read-only queries of labels, packing slips and delivery notes."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy import Row, text

from services.fulfillment.shipping.queries.reads import CARTON_CONTENT
from shared.persistence.database import Transaction

MAX_LINES = 10_000
"""Content lines of a printed document."""
SELECT_LABELLED_CARTONS = text("""
    SELECT c.carton, c.sscc, c.order_id, o.customer_name, o.ship_to FROM carton c JOIN sales_order o USING (order_id)
    WHERE (CAST(:carton AS text) IS NULL OR c.carton = :carton)
      AND (CAST(:order AS text) IS NULL OR c.order_id = :order)
      AND (CAST(:shipment AS text) IS NULL OR c.shipment = :shipment)
    ORDER BY c.order_id, c.carton LIMIT :size
""")
SELECT_CONTENT = text(f"""
    SELECT c.carton, c.sscc, c.order_id, u.*, coalesce(p.name, '') AS product, coalesce(p.unit, '') AS unit
    FROM carton c LEFT JOIN LATERAL ({CARTON_CONTENT}) u ON true LEFT JOIN product p USING (sku)
    WHERE c.carton = ANY(CAST(:cartons AS text[])) OR c.shipment = :shipment
    ORDER BY c.order_id, c.carton, u.sku, u.lot, u.serial, u.line LIMIT :size
""")  # noqa: S608 - built from constants of this service
SELECT_ORDERS = text("""
    SELECT order_id, warehouse, customer, customer_name, ship_to, contact FROM sales_order
    WHERE order_id = ANY(CAST(:orders AS text[]))
""")


async def find_labelled_cartons(
    tx: Transaction, size: int, *, carton: str | None = None, order: str | None = None, shipment: str | None = None
) -> Sequence[Row[Any]]:
    """Find the cartons of labels, with the addresses of their orders."""
    parameters = {"carton": carton, "order": order, "shipment": shipment, "size": size}
    return await tx.fetch_all(SELECT_LABELLED_CARTONS, parameters)


async def find_content(
    tx: Transaction, *, carton: str | None = None, shipment: str | None = None
) -> Sequence[Row[Any]]:
    """Find what is in a carton or in the cartons of a shipment: a row at most more than `MAX_LINES`."""
    parameters = {"cartons": [carton] if carton else [], "shipment": shipment, "size": MAX_LINES + 1}
    return await tx.fetch_all(SELECT_CONTENT, parameters)


async def find_addresses(tx: Transaction, orders: Sequence[str]) -> dict[str, Row[Any]]:
    """Find the customers and addresses of orders."""
    return {row.order_id: row for row in await tx.fetch_all(SELECT_ORDERS, {"orders": list(orders)})}
