-- Goods that got another number while a recall held them stay on its list, at their location.
CREATE OR REPLACE VIEW recall_stock AS
SELECT l.recall, l.sku, l.lot AS lot_or_serial, b.warehouse, b.location, b.on_hand, b.allocated, l.on_hold
FROM recalled_lot AS l JOIN balance AS b USING (sku, lot)
WHERE b.on_hand > 0
UNION ALL
SELECT u.recall, u.sku, u.serial, split_part(u.location, '/', 1) COLLATE "C", u.location COLLATE "C", 1,
    CASE WHEN u.status = 'ALLOCATED' THEN 1 ELSE 0 END, u.on_hold
FROM recall_unit AS u
WHERE u.location IS NOT NULL AND u.adjustment IS NULL AND u.status <> 'PICKED'
UNION ALL
SELECT h.hold_id, h.sku, h.lot, b.warehouse, b.location, b.on_hand, b.allocated, true
FROM recall_product AS p JOIN hold AS h ON h.sku = p.sku AND h.hold_id = p.recall
JOIN balance AS b ON b.sku = h.sku AND b.lot = h.lot AND b.location = h.location
WHERE h.kind = 'RECALL' AND h.released_at IS NULL AND b.on_hand > 0
    AND NOT EXISTS (SELECT FROM recall_lot AS l WHERE l.recall = h.hold_id AND l.sku = h.sku AND l.lot = h.lot);

-- A correction of the number after the departure moves the quantity to the right lot: both lots list the shipment.
CREATE OR REPLACE VIEW contact_line AS
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
            min(g.recorded_at) FILTER (WHERE g.change = 'SHIPPED' AND g.other_lot IS NULL) AS shipped_at,
            greatest(
                -sum(g.picked) FILTER (WHERE g.change = 'SHIPPED' AND g.other_lot IS NULL),
                -sum(g.picked) FILTER (WHERE g.change = 'SHIPPED'), 0
            ) AS quantity,
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

-- The number of a unit is its serial; its lot is an attribute.
CREATE OR REPLACE VIEW recall_unit_totals AS
SELECT u.recall, u.sku, coalesce(u.lot, '') COLLATE "C" AS lot_or_serial,
    coalesce(split_part(u.location, '/', 1), '') COLLATE "C" AS warehouse, count(*) AS received, 0 AS returned,
    0 AS count_gain, count(*) FILTER (WHERE u.is_here AND u.status <> 'PICKED') AS on_hand,
    count(*) FILTER (WHERE u.is_here AND u.status = 'ALLOCATED') AS allocated,
    count(*) FILTER (WHERE u.is_here AND u.status = 'PICKED') AS picked,
    count(*) FILTER (WHERE u.is_present AND u.status = 'SHIPPED') AS shipped,
    count(*) FILTER (WHERE u.adjustment = 'SCRAPPED') AS scrapped,
    count(*) FILTER (WHERE u.adjustment = 'RETURNED_TO_VENDOR') AS returned_to_vendor,
    count(*) FILTER (WHERE u.adjustment = 'LOST') AS count_loss,
    count(*) FILTER (WHERE u.is_present AND NOT u.is_here AND u.status <> 'SHIPPED') AS difference,
    0 AS corrected
FROM (
    SELECT u.*, coalesce(u.adjustment, 'FOUND') = 'FOUND' AS is_present,
        coalesce(u.adjustment, 'FOUND') = 'FOUND' AND u.location IS NOT NULL
            AND u.status IN ('RECEIVED', 'IN_INVENTORY', 'ALLOCATED', 'PICKED') AS is_here
    FROM recall_unit AS u WHERE u.status <> 'EXPECTED' AND coalesce(u.adjustment, '') <> 'VOID'
) AS u
GROUP BY u.recall, u.sku, u.lot, split_part(u.location, '/', 1);
