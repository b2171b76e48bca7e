"""Queries of the current state of a recall, used by its pages and by its closing.

Lots are read from the current stock, units from the latest report of the serials service. `on_hold` is true while the
hold of the recall is open; any hold with the recall's id counts. Each query has the parameter `:recall`; the
reconciliation also has the cursor of its page.
"""

import re

from services.lots.balances.queries import reconciliation_query

IS_HELD = """EXISTS (
        SELECT FROM hold AS h WHERE h.sku = l.sku AND h.lot = l.lot AND h.hold_id = l.recall AND h.location IS NULL
            AND h.released_at IS NULL)"""

STOCK_VIEW = f"""
    SELECT b.sku, b.lot AS lot_or_serial, b.warehouse, b.location, b.on_hand, b.allocated, {IS_HELD} AS on_hold
    FROM recall_lot AS l JOIN balance AS b USING (sku, lot)
    WHERE l.recall = :recall AND b.on_hand > 0
    UNION ALL
    SELECT u.sku, u.serial, split_part(u.location, '/', 1), u.location, 1,
        CASE WHEN u.status = 'ALLOCATED' THEN 1 ELSE 0 END, u.on_hold
    FROM recall_unit AS u
    WHERE u.recall = :recall AND u.location IS NOT NULL AND u.adjustment IS NULL AND u.status <> 'PICKED'
"""  # noqa: S608 - all parts are constants of this module

ORDERS_VIEW = f"""
    SELECT r.order_id AS "order", r.sku, r.lot AS lot_or_serial, 'ALLOCATED' AS status, r.quantity, {IS_HELD} AS on_hold
    FROM recall_lot AS l CROSS JOIN LATERAL (
        SELECT order_id, sku, lot, sum(quantity) AS quantity FROM reservation AS r
        WHERE r.sku = l.sku AND r.lot = l.lot AND r.quantity > 0 GROUP BY order_id, sku, lot
    ) AS r WHERE l.recall = :recall
    UNION ALL
    SELECT p.order_id, p.sku, p.lot, 'PICKED', p.quantity, {IS_HELD}
    FROM recall_lot AS l CROSS JOIN LATERAL (
        SELECT order_id, sku, lot, sum(quantity) AS quantity FROM picked_stock AS p
        WHERE p.sku = l.sku AND p.lot = l.lot AND p.quantity > 0 GROUP BY order_id, sku, lot
    ) AS p WHERE l.recall = :recall
    UNION ALL
    SELECT u.order_id, u.sku, u.serial, u.status, 1, u.on_hold FROM recall_unit AS u
    WHERE u.recall = :recall AND u.status IN ('ALLOCATED', 'PICKED') AND u.order_id IS NOT NULL
"""  # noqa: S608 - all parts are constants of this module

# LATERAL reads the ledger per lot; a plain join would scan all of it. Returns refer to an order, so they are deducted
# from its earliest shipments. The last outcome of a line is in force.
CONTACTS_VIEW = """
    SELECT c.customer, coalesce(n.customer_name, c.customer_name, '') AS customer_name,
        coalesce(n.contact, c.contact, '') AS contact, c."order", c.shipment,
        coalesce(c.shipped_at, n.recorded_at) AS shipped_at, c.sku, c.lot_or_serial, c.quantity, c.returned,
        m.outcome, m.note, m.contacted_at, m.contacted_by
    FROM (
        SELECT s.customer, NULL AS customer_name, NULL AS contact, s.order_id AS "order", s.shipment, s.shipped_at,
            s.sku, s.lot AS lot_or_serial, s.quantity,
            least(s.quantity, greatest(0, s.order_returned - coalesce(s.earlier_quantity, 0))) AS returned
        FROM (
            SELECT g.*, sum(g.returned) OVER (PARTITION BY g.customer, g.order_id, g.sku, g.lot) AS order_returned,
                sum(g.quantity) OVER (
                    PARTITION BY g.customer, g.order_id, g.sku, g.lot ORDER BY g.shipped_at, g.shipment
                    ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
                ) AS earlier_quantity
            FROM recall_lot AS l CROSS JOIN LATERAL (
                SELECT customer, order_id, shipment, sku, lot,
                    min(recorded_at) FILTER (WHERE change = 'SHIPPED') AS shipped_at,
                    coalesce(-sum(picked) FILTER (WHERE change = 'SHIPPED'), 0) AS quantity,
                    coalesce(sum(on_hand) FILTER (WHERE change = 'RETURNED'), 0) AS returned
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
        SELECT outcome, note, contacted_at, contacted_by FROM recall_contact AS m
        WHERE m.recall = :recall AND m.shipment = c.shipment AND m.sku = c.sku AND m.lot_or_serial = c.lot_or_serial
        ORDER BY m.id DESC LIMIT 1
    ) AS m ON true
"""

# Only the lots of the page; a lot without ledger entries is left out.
RECONCILIATION_VIEW = f"""
    SELECT r.*, r.lot AS lot_or_serial FROM ({
    reconciliation_query('''
        SELECT l.sku, l.lot FROM recall_lot AS l
        CROSS JOIN LATERAL (SELECT FROM ledger AS g WHERE g.sku = l.sku AND g.lot = l.lot LIMIT 1) AS entry
        WHERE l.recall = :recall AND (l.sku, l.lot) >= (:after_sku, :after_lot_or_serial)
        ORDER BY l.sku, l.lot LIMIT CAST(:size AS integer) + 1
    ''')
}) AS r
"""  # noqa: S608 - all parts are constants of this service


def _for_each_recall(view: str) -> str:
    """Bind the view to the recall of the surrounding statement."""
    return re.sub(r":recall\b", "selected.recall", view)


OPEN_ITEM_COUNTS_QUERY = f"""
    SELECT selected.recall, selected.mock,
        (SELECT count(*) FROM recall_product AS p
         WHERE p.recall = selected.recall AND p.answered_at IS NULL) AS unanswered,
        (SELECT count(*) FROM ({_for_each_recall(STOCK_VIEW)}) AS s WHERE s.on_hold) AS stock,
        (SELECT count(*) FROM ({_for_each_recall(ORDERS_VIEW)}) AS o WHERE o.on_hold) AS orders,
        (SELECT count(*) FROM ({_for_each_recall(CONTACTS_VIEW)}) AS c
         WHERE c.quantity > c.returned AND coalesce(c.outcome, 'NOTIFIED') = 'NOTIFIED') AS contacts
    FROM recall AS selected WHERE selected.recall = ANY(CAST(:recalls AS text[]))
"""  # noqa: S608 - all parts are constants of this module

CONTACT_LINES_QUERY = f"""
    SELECT line.recall, line.shipment, line.sku, line.lot_or_serial
    FROM (SELECT recall FROM recall WHERE recall = ANY(CAST(:recalls AS text[]))) AS selected
    CROSS JOIN LATERAL ({_for_each_recall(CONTACTS_VIEW)}) AS c
    JOIN unnest(
        CAST(:recalls AS text[]), CAST(:shipments AS text[]), CAST(:skus AS text[]), CAST(:lots_or_serials AS text[])
    ) AS line (recall, shipment, sku, lot_or_serial)
        ON (line.recall, line.shipment, line.sku, line.lot_or_serial)
            = (selected.recall, c.shipment, c.sku, c.lot_or_serial)
"""  # noqa: S608 - all parts are constants of this module
