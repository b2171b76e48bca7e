-- Received lots. Of lots that differ only in case or blanks, the first is no variant.

COMMENT ON TABLE known_lot IS 'lot numbers that were received, in the spelling of their first receipt';
COMMENT ON COLUMN known_lot.is_variant IS 'accepted as a lot of its own beside another spelling';
INSERT INTO known_lot (sku, lot, is_variant) SELECT DISTINCT sku, lot, true FROM (
    SELECT sku, lot FROM lot_scan WHERE status = 'RECEIVED' AND lot <> ''
    UNION ALL
    SELECT sku, lot FROM unit WHERE lot IS NOT NULL AND status IN ('ON_HAND', 'SHIPPED', 'VOID')
) AS received;
UPDATE known_lot AS k SET is_variant = false FROM (
    SELECT DISTINCT ON (sku, lot_key) sku, lot_key, lot FROM known_lot ORDER BY sku, lot_key, lot
) AS first WHERE k.sku = first.sku AND k.lot_key = first.lot_key AND k.lot = first.lot;
ALTER TABLE known_lot ADD PRIMARY KEY (sku, lot_key, lot);
CREATE UNIQUE INDEX known_lot_first ON known_lot (sku, lot_key) WHERE NOT is_variant;
