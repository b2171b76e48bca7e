"""Queries of demands."""

from shared.persistence.sorting import SortKey, SortOrder, Sorts

SORTS = Sorts("demand_id", demand_id=[SortKey("d.demand_id")])


def select_demands(order: SortOrder) -> str:
    """Write the statement of a page of demands."""
    return f"""
    SELECT d.demand_id, d.status, d.order_id AS "order", d.line, d.sku, d.warehouse, d.customer, d.priority,
           d.placed_at, d.shortfall, d.quantity, d.open_quantity, d.min_remaining_shelf_life_days, d.single_lot,
           d.allowed_lots AS lots,
           ARRAY(
               SELECT ds.serial FROM demand_serial AS ds WHERE ds.demand_id = d.demand_id ORDER BY ds.serial
           ) AS serials
    FROM demand AS d
    WHERE {order.after()}
        AND (CAST(:sku AS text) IS NULL OR d.sku = :sku)
        AND (CAST(:order AS text) IS NULL OR d.order_id = :order)
        AND (CAST(:status AS text[]) IS NULL OR d.status = ANY(:status))
        AND (NOT :backordered OR d.open_quantity > 0)
    {order.order_by} LIMIT :size
    """  # noqa: S608 - constant names
