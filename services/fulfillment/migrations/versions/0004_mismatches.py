"""Why a picked item no longer matches its order; filled for items that were picked before."""

from shared.persistence.migrate import run_sql

revision = "0004_mismatches"
down_revision = "0003_waiting_messages"

UNITS = """
ALTER TABLE allocated_unit ADD COLUMN mismatch text NOT NULL DEFAULT '';
UPDATE allocated_unit u
SET mismatch = CASE WHEN l.cancelled THEN 'line ' || l.line || ' is cancelled'
                    ELSE 'line ' || l.line || ' names other serial numbers' END
FROM order_line l
WHERE u.status = 'PICKED' AND (l.order_id, l.line) = (u.order_id, u.line)
  AND (l.cancelled OR (cardinality(l.serials) >= l.ordered AND u.serial <> ALL(l.serials)))
"""
LOTS = """
ALTER TABLE allocated_lot ADD COLUMN mismatch text NOT NULL DEFAULT '';
UPDATE allocated_lot a
SET mismatch = CASE WHEN l.cancelled THEN 'line ' || l.line || ' is cancelled'
                    ELSE 'line ' || l.line || ' allows only other lots' END
FROM order_line l
WHERE a.status = 'PICKED' AND (l.order_id, l.line) = (a.order_id, a.line)
  AND (l.cancelled OR (l.lots <> '{}' AND a.lot <> ALL(l.lots)))
"""
# A line keeps the lot that it has shipped, or of which most is picked.
SINGLE_LOTS = """
WITH picked AS (
    SELECT a.order_id, a.line, a.lot, row_number() OVER (
        PARTITION BY a.order_id, a.line
        ORDER BY EXISTS (SELECT FROM allocated_lot s WHERE s.order_id = a.order_id AND s.line = a.line
                         AND s.lot = a.lot AND s.status = 'SHIPPED') DESC, sum(a.quantity) DESC, a.lot) AS rank
    FROM allocated_lot a JOIN order_line l ON (l.order_id, l.line) = (a.order_id, a.line)
    WHERE a.status = 'PICKED' AND a.mismatch = '' AND l.single_lot
    GROUP BY a.order_id, a.line, a.lot
)
UPDATE allocated_lot a SET mismatch = 'line ' || a.line || ' requires a single lot'
FROM picked p
WHERE a.status = 'PICKED' AND (p.order_id, p.line, p.lot) = (a.order_id, a.line, a.lot) AND p.rank > 1
"""


def upgrade() -> None:
    for script in (UNITS, LOTS, SINGLE_LOTS):
        run_sql(script)
