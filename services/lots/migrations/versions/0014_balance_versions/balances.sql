ALTER TABLE balance
    ADD COLUMN picked numeric NOT NULL DEFAULT 0,
    ADD COLUMN version bigint NOT NULL DEFAULT 0;
COMMENT ON COLUMN balance.picked IS 'quantity that was picked and stands there; it is not on hand';
COMMENT ON COLUMN balance.version IS 'number of the transactions that changed a quantity; each is published';

INSERT INTO balance (sku, lot, location, warehouse, is_storage, on_hand, allocated, expiry, picked)
SELECT p.sku, p.lot, p.location, p.warehouse,
    EXISTS (SELECT FROM location AS l WHERE l.location = p.location AND l.type = 'STORAGE' AND l.is_active),
    0, 0, max(p.expiry), sum(p.quantity)
FROM picked_stock AS p WHERE p.quantity > 0 AND p.location <> '' GROUP BY p.sku, p.lot, p.location, p.warehouse
ON CONFLICT (sku, lot, location) DO UPDATE SET picked = excluded.picked;
ALTER TABLE balance ADD CONSTRAINT balance_picked CHECK (picked >= 0) NOT VALID;
