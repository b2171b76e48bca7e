-- The lines of the contact lists: what left with a shipment for an order and its customer.
-- LATERAL reads the ledger per lot; a plain join would scan all of it. Returns refer to an order, so they are deducted
-- from its earliest shipments. Each window is partitioned by recall: only then is a filter by recall applied before
-- it. A unit without order, shipment or customer has empty texts, so that pages and marks find its line.

ALTER TABLE consignee ADD COLUMN ship_to text NOT NULL DEFAULT '';

DROP VIEW recall_contact_status;

CREATE VIEW contact_line AS
SELECT s.recall, s.customer, NULL AS customer_name, NULL AS contact, s.order_id AS "order", s.shipment,
    s.shipped_at, s.sku, s.lot AS lot_or_serial, s.quantity,
    least(s.quantity, greatest(0, s.order_returned - coalesce(s.earlier_quantity, 0))) AS returned
FROM (
    SELECT l.recall, l.sku, l.lot, g.customer, g.order_id, g.shipment, g.shipped_at, g.quantity,
        sum(g.returned) OVER (PARTITION BY l.recall, l.sku, l.lot, g.customer, g.order_id) AS order_returned,
        sum(g.quantity) OVER (
            PARTITION BY l.recall, l.sku, l.lot, g.customer, g.order_id ORDER BY g.shipped_at, g.shipment
            ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING
        ) AS earlier_quantity
    FROM recall_lot AS l CROSS JOIN LATERAL (
        SELECT g.customer, g.order_id, g.shipment,
            min(g.recorded_at) FILTER (WHERE g.change = 'SHIPPED') AS shipped_at,
            coalesce(-sum(g.picked) FILTER (WHERE g.change = 'SHIPPED'), 0) AS quantity,
            coalesce(sum(g.on_hand) FILTER (WHERE g.change = 'RETURNED'), 0) AS returned
        FROM ledger AS g
        WHERE g.sku = l.sku AND g.lot = l.lot AND g.change IN ('SHIPPED', 'RETURNED')
        GROUP BY g.customer, g.order_id, g.shipment
    ) AS g
) AS s WHERE s.quantity > 0
UNION ALL
SELECT u.recall, coalesce(u.customer, '') COLLATE "C", u.customer_name, u.contact,
    coalesce(u.order_id, '') COLLATE "C", coalesce(u.shipment, '') COLLATE "C", u.shipped_at, u.sku, u.serial, 1, 0
FROM recall_unit AS u WHERE u.status = 'SHIPPED';
