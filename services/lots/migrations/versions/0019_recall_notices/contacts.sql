-- The contact lines of units have the delivery address, too; the views stay as they are otherwise.
-- LATERAL reads the ledger per lot; each window is partitioned by recall, so that a filter by recall is applied first.

ALTER TABLE recall_unit ADD COLUMN ship_to text;

DROP VIEW recall_contact_status;
DROP VIEW contact_line;

CREATE VIEW contact_line AS
SELECT s.recall, s.customer, NULL AS customer_name, NULL AS contact, NULL AS ship_to, s.order_id AS "order", s.shipment,
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
SELECT u.recall, coalesce(u.customer, '') COLLATE "C", u.customer_name, u.contact, u.ship_to,
    coalesce(u.order_id, '') COLLATE "C", coalesce(u.shipment, '') COLLATE "C", u.shipped_at, u.sku, u.serial, 1, 0
FROM recall_unit AS u WHERE u.status = 'SHIPPED';

-- The last mark of a line is in force; a mark that names no customer settles nothing.
CREATE VIEW recall_contact_status AS
SELECT c.recall, c.customer, coalesce(n.customer_name, c.customer_name, '') AS customer_name,
    coalesce(n.contact, c.contact, '') AS contact, coalesce(n.ship_to, c.ship_to, '') AS ship_to, c."order", c.shipment,
    coalesce(c.shipped_at, n.recorded_at) AS shipped_at, c.sku, c.lot_or_serial, c.quantity, c.returned,
    CASE WHEN m.customer IS NOT NULL THEN m.outcome END AS outcome,
    CASE WHEN m.customer IS NULL
        THEN 'settles no customer: ' || m.outcome || ' was recorded for the whole shipment. ' || m.note
        ELSE m.note END AS note,
    m.contacted_at, m.contacted_by
FROM contact_line AS c
LEFT JOIN consignee AS n ON n.shipment = c.shipment AND n.order_id = c."order"
LEFT JOIN LATERAL (
    SELECT m.customer, m.outcome, m.note, m.contacted_at, m.contacted_by FROM recall_contact AS m
    WHERE m.recall = c.recall AND m.shipment = c.shipment AND m.sku = c.sku AND m.lot_or_serial = c.lot_or_serial
        AND (m.customer IS NULL OR (m.customer = c.customer AND m.order_id = c."order"))
    ORDER BY m.customer IS NULL, m.id DESC LIMIT 1
) AS m ON true;
