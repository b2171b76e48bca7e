"""What was said of a lot's end is said of the expiry in force, and forgotten with it."""

from shared.migrate import grant, sql

revision = "lots_0011"
down_revision = "lots_0010"

SAID_ANEW = """
DELETE FROM expiry_told AS t USING lot AS l
WHERE l.sku = t.sku AND l.lot = t.lot AND t.expiry IS DISTINCT FROM l.expiry;
-- once a lot, warehouse and threshold; -1 is that it has expired
ALTER TABLE expiry_told DROP COLUMN expiry, ADD PRIMARY KEY (sku, lot, warehouse, threshold);
"""


def upgrade() -> None:
    sql(SAID_ANEW)
    grant("expiry_told", "DELETE")
