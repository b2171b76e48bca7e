-- Reconciliation of recalled units by lot and warehouse; the warehouse of units that left is empty.
CREATE VIEW recall_unit_totals AS
SELECT u.recall, u.sku, coalesce(u.lot, '') COLLATE "C" AS lot_or_serial,
    coalesce(split_part(u.location, '/', 1), '') COLLATE "C" AS warehouse, count(*) AS received, 0 AS returned,
    0 AS count_gain, count(*) FILTER (WHERE u.is_here AND u.status <> 'PICKED') AS on_hand,
    count(*) FILTER (WHERE u.is_here AND u.status = 'ALLOCATED') AS allocated,
    count(*) FILTER (WHERE u.is_here AND u.status = 'PICKED') AS picked,
    count(*) FILTER (WHERE u.is_present AND u.status = 'SHIPPED') AS shipped,
    count(*) FILTER (WHERE u.adjustment = 'SCRAPPED') AS scrapped,
    count(*) FILTER (WHERE u.adjustment = 'RETURNED_TO_VENDOR') AS returned_to_vendor,
    count(*) FILTER (WHERE u.adjustment = 'LOST') AS count_loss,
    count(*) FILTER (WHERE u.is_present AND NOT u.is_here AND u.status <> 'SHIPPED') AS difference
FROM (
    SELECT u.*, coalesce(u.adjustment, 'FOUND') = 'FOUND' AS is_present,
        coalesce(u.adjustment, 'FOUND') = 'FOUND' AND u.location IS NOT NULL
            AND u.status IN ('RECEIVED', 'IN_INVENTORY', 'ALLOCATED', 'PICKED') AS is_here
    FROM recall_unit AS u WHERE u.status <> 'EXPECTED' AND coalesce(u.adjustment, '') <> 'VOID'
) AS u
GROUP BY u.recall, u.sku, u.lot, split_part(u.location, '/', 1);
