"""What lies somewhere, or is picked, says when its lot expires: pages by expiry are read from an index."""

from shared.migrate import grant, sql

revision = "lots_0008"
down_revision = "lots_0007"

DATES = """
-- a copy of the lot's, kept where something is there: never is a day too, so that it has its place in the order
ALTER TABLE balance ADD COLUMN expiry date NOT NULL DEFAULT 'infinity';
ALTER TABLE picked ADD COLUMN expiry date NOT NULL DEFAULT 'infinity';
UPDATE balance SET expiry = lot.expiry FROM lot
WHERE lot.sku = balance.sku AND lot.lot = balance.lot AND lot.expiry IS NOT NULL;
UPDATE picked SET expiry = lot.expiry FROM lot
WHERE lot.sku = picked.sku AND lot.lot = picked.lot AND lot.expiry IS NOT NULL;
CREATE INDEX balance_expiry ON balance (warehouse, expiry, sku, lot) WHERE on_hand > 0;
CREATE INDEX picked_expiry ON picked (warehouse, expiry, sku, lot) WHERE quantity > 0;
-- as every other column it is compared with: a product is then found by its key, not by reading all of them
ALTER TABLE product ALTER COLUMN sku TYPE text COLLATE "C";
"""


def upgrade() -> None:
    sql(DATES)
    grant("balance, picked", "UPDATE (expiry)")
