"""What a recall touches, as it stands now: views that the pages and the closing of a recall share.

Lots are read from where they stand, units from what the registry last told; so later moves correct every page. `held`
is whether the recall still keeps it: what was found good has its hold lifted. A hold that was called as the recall is
before it was opened does as well. Each is a statement about `:recall`, the reconciliation about a page of its lots.
"""

import re

from services.lots.balances.queries import reconciliation

HELD = """EXISTS (
        SELECT FROM hold AS h WHERE h.sku = l.sku AND h.lot = l.lot AND h.hold = l.recall AND h.location IS NULL
            AND h.lifted_at IS NULL)"""

STOCK = f"""
    SELECT b.sku, b.lot AS item, b.warehouse, b.location, b.on_hand, b.allocated, {HELD} AS held
    FROM recall_lot AS l JOIN balance AS b USING (sku, lot)
    WHERE l.recall = :recall AND b.on_hand > 0
    UNION ALL
    SELECT u.sku, u.serial, split_part(u.location, '/', 1), u.location, 1,
        CASE WHEN u.status = 'ALLOCATED' THEN 1 ELSE 0 END, u.held
    FROM recall_unit AS u
    WHERE u.recall = :recall AND u.location IS NOT NULL AND u.adjustment IS NULL AND u.status <> 'PICKED'
"""  # noqa: S608 - all parts are this module's own

ORDERS = f"""
    SELECT r.order_id AS "order", r.sku, r.lot AS item, 'ALLOCATED' AS status, r.quantity, {HELD} AS held
    FROM recall_lot AS l CROSS JOIN LATERAL (
        SELECT order_id, sku, lot, sum(quantity) AS quantity FROM reserved AS r
        WHERE r.sku = l.sku AND r.lot = l.lot AND r.quantity > 0 GROUP BY order_id, sku, lot
    ) AS r WHERE l.recall = :recall
    UNION ALL
    SELECT p.order_id, p.sku, p.lot, 'PICKED', p.quantity, {HELD}
    FROM recall_lot AS l CROSS JOIN LATERAL (
        SELECT order_id, sku, lot, sum(quantity) AS quantity FROM picked AS p
        WHERE p.sku = l.sku AND p.lot = l.lot AND p.quantity > 0 GROUP BY order_id, sku, lot
    ) AS p WHERE l.recall = :recall
    UNION ALL
    SELECT u.order_id, u.sku, u.serial, u.status, 1, u.held FROM recall_unit AS u
    WHERE u.recall = :recall AND u.status IN ('ALLOCATED', 'PICKED') AND u.order_id IS NOT NULL
"""  # noqa: S608 - all parts are this module's own

# The ledger is read lot by lot: joined at once, with many lots all of it is. What came back is known by order, and is
# taken off its earliest shipments; the last mark of a line counts.
CALLS = """
    SELECT c.customer, coalesce(n.customer_name, c.customer_name, '') AS customer_name,
        coalesce(n.contact, c.contact, '') AS contact, c."order", c.shipment,
        coalesce(c.shipped_at, n.at) AS shipped_at, c.sku, c.item, c.quantity, c.returned, m.mark, m.note,
        m.at AS marked_at, m.actor AS marked_by
    FROM (
        SELECT s.customer, NULL AS customer_name, NULL AS contact, s.order_id AS "order", s.shipment, s.shipped_at,
            s.sku, s.lot AS item, s.quantity,
            least(s.quantity, greatest(0, s.back - coalesce(s.earlier, 0))) AS returned
        FROM (
            SELECT g.*, sum(g.came_back) OVER (PARTITION BY g.customer, g.order_id, g.sku, g.lot) AS back,
                sum(g.quantity) OVER (
                    PARTITION BY g.customer, g.order_id, g.sku, g.lot ORDER BY g.shipped_at, g.shipment
                    ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
                ) AS earlier
            FROM recall_lot AS l CROSS JOIN LATERAL (
                SELECT customer, order_id, shipment, sku, lot,
                    min(recorded) FILTER (WHERE change = 'SHIPPED') AS shipped_at,
                    coalesce(-sum(picked) FILTER (WHERE change = 'SHIPPED'), 0) AS quantity,
                    coalesce(sum(on_hand) FILTER (WHERE change = 'RETURNED'), 0) AS came_back
                FROM ledger AS g
                WHERE g.sku = l.sku AND g.lot = l.lot AND g.change IN ('SHIPPED', 'RETURNED')
                GROUP BY customer, order_id, shipment, sku, lot
            ) AS g WHERE l.recall = :recall
        ) AS s WHERE s.quantity > 0
        UNION ALL
        SELECT u.customer, u.customer_name, u.contact, u.order_id, u.shipment, u.shipped_at, u.sku, u.serial, 1, 0
        FROM recall_unit AS u WHERE u.recall = :recall AND u.status = 'SHIPPED'
    ) AS c
    LEFT JOIN consignee AS n ON n.shipment = c.shipment AND n.order_id = c."order"
    LEFT JOIN LATERAL (
        SELECT mark, note, at, actor FROM recall_mark AS m
        WHERE m.recall = :recall AND m.shipment = c.shipment AND m.sku = c.sku AND m.item = c.item
        ORDER BY m.id DESC LIMIT 1
    ) AS m ON true
"""

# Of the lots of a page alone; one that never came has nothing to reconcile.
RECONCILIATION = f"""
    SELECT r.*, r.lot AS item FROM ({
    reconciliation('''
        SELECT l.sku, l.lot FROM recall_lot AS l
        CROSS JOIN LATERAL (SELECT FROM ledger AS g WHERE g.sku = l.sku AND g.lot = l.lot LIMIT 1) AS came
        WHERE l.recall = :recall AND (l.sku, l.lot) >= (:after_sku, :after_item)
        ORDER BY l.sku, l.lot LIMIT CAST(:size AS integer) + 1
    ''')
}) AS r
"""  # noqa: S608 - all parts are this service's own


def _of_each(view: str) -> str:
    """A view of whichever recall the statement around it is at."""
    return re.sub(r":recall\b", "asked.recall", view)


OPEN = f"""
    SELECT asked.recall, asked.mock,
        (SELECT count(*) FROM recall_product AS p
         WHERE p.recall = asked.recall AND p.answered_at IS NULL) AS unanswered,
        (SELECT count(*) FROM ({_of_each(STOCK)}) AS s WHERE s.held) AS stock,
        (SELECT count(*) FROM ({_of_each(ORDERS)}) AS o WHERE o.held) AS orders,
        (SELECT count(*) FROM ({_of_each(CALLS)}) AS c
         WHERE c.quantity > c.returned AND coalesce(c.mark, 'NOTIFIED') = 'NOTIFIED') AS calls
    FROM recall AS asked WHERE asked.recall = ANY(CAST(:recalls AS text[]))
"""  # noqa: S608 - all parts are this module's own

LINES = f"""
    SELECT it.recall, it.shipment, it.sku, it.item
    FROM (SELECT recall FROM recall WHERE recall = ANY(CAST(:recalls AS text[]))) AS asked
    CROSS JOIN LATERAL ({_of_each(CALLS)}) AS c
    JOIN unnest(
        CAST(:recalls AS text[]), CAST(:shipments AS text[]), CAST(:skus AS text[]), CAST(:items AS text[])
    ) AS it (recall, shipment, sku, item)
        ON (it.recall, it.shipment, it.sku, it.item) = (asked.recall, c.shipment, c.sku, c.item)
"""  # noqa: S608 - all parts are this module's own
