"""Queries of demands."""

from shared.persistence.sorting import SortKey, SortOrder, Sorts

SORTS = Sorts("demand_id", demand_id=[SortKey("demand_id")])


def select_demands(order: SortOrder) -> str:
    """Write the statement of a page of demands."""
    return f"""
    SELECT demand_id, status, order_id AS "order", line, sku, tracking, warehouse, customer, priority, placed_at,
           shortfall, quantity, open_quantity, allowed_lots AS lots, single_lot, min_remaining_shelf_life_days,
           (SELECT coalesce(json_agg(json_build_object('lot', r.lot, 'location', r.location, 'quantity', r.quantity)
                                     ORDER BY r.lot, r.location), '[]')
            FROM reservation AS r WHERE r.demand_id = demand.demand_id AND r.quantity > 0) AS allocated,
           (SELECT coalesce(json_agg(json_build_object('lot', p.lot, 'location', nullif(p.location, ''), 'quantity',
                                                       p.quantity) ORDER BY p.lot, p.location), '[]')
            FROM picked_stock AS p WHERE p.demand_id = demand.demand_id AND p.quantity > 0) AS picked
    FROM demand
    WHERE {order.after()}
        AND (CAST(:sku AS text) IS NULL OR sku = :sku)
        AND (CAST(:order AS text) IS NULL OR order_id = :order)
        AND (CAST(:status AS text[]) IS NULL OR status = ANY(:status))
        AND (NOT :backordered OR open_quantity > 0)
    {order.order_by} LIMIT :size
    """  # noqa: S608 - constant names
