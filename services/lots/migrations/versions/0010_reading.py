"""What is there of a product is found without reading what was there once."""

from shared.migrate import sql

revision = "lots_0010"
down_revision = "lots_0009"

READING = """
-- of a product, whether orders may have it or not: no index names what an allocation writes, so that it writes none of
-- them where the page has room
CREATE INDEX balance_stock ON balance (sku, warehouse) WHERE on_hand > 0;
DROP INDEX balance_free;
ALTER TABLE balance SET (fillfactor = 85);
"""


def upgrade() -> None:
    sql(READING)
