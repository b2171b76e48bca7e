"""Statuses that say how an order ended, and what becomes of the open quantity of its lines."""

from shared.persistence.migrate import run_sql

revision = "0005_order_statuses"
down_revision = "0004_mismatches"
breaks_before = "0005_order_statuses"  # the previous release stores and reads the previous statuses

# An answered demand has no pending quantity; its open quantity follows from its next answer.
DEMANDS = """
ALTER TABLE demand ADD COLUMN open_quantity numeric(13, 6) NOT NULL DEFAULT 0,
                   ADD COLUMN pending numeric(13, 6) NOT NULL DEFAULT 0;
UPDATE demand SET open_quantity = quantity, pending = quantity WHERE NOT answered;
ALTER TABLE demand DROP COLUMN answered,
                   ALTER COLUMN open_quantity DROP DEFAULT, ALTER COLUMN pending DROP DEFAULT;
"""
LINES = """
ALTER TABLE order_line ADD COLUMN backordered numeric(13, 6) NOT NULL DEFAULT 0,
                       ADD COLUMN dropped numeric(13, 6) NOT NULL DEFAULT 0;
WITH rest AS (
    SELECT l.order_id, l.line, o.backorders, l.ordered - l.allocated - l.picked - l.shipped
               - least(l.ordered - l.allocated - l.picked - l.shipped, coalesce(
                   (SELECT sum(d.pending) FROM demand d
                    WHERE d.order_id = l.order_id AND d.line = l.line AND NOT d.cancelled), 0)) AS answered
    FROM order_line l JOIN sales_order o USING (order_id)
    WHERE NOT l.cancelled AND NOT l.awaiting_product AND l.ordered > l.allocated + l.picked + l.shipped
)
UPDATE order_line l SET backordered = CASE WHEN r.backorders = 'NOT_ALLOWED' THEN 0 ELSE r.answered END,
                        dropped = CASE WHEN r.backorders = 'NOT_ALLOWED' THEN r.answered ELSE 0 END
FROM rest r WHERE (r.order_id, r.line) = (l.order_id, l.line) AND r.answered > 0;
ALTER TABLE order_line ALTER COLUMN backordered DROP DEFAULT, ALTER COLUMN dropped DROP DEFAULT,
                       ADD CHECK (backordered >= 0 AND dropped >= 0);
"""
# The lines of a cancelled order are cancelled, also those that had shipped in full.
ORDERS = """
DROP INDEX sales_order_open, sales_order_unfinished;
ALTER TABLE sales_order DROP CONSTRAINT sales_order_status_check;
UPDATE sales_order o SET status = n.status
FROM (
    SELECT s.order_id, CASE
        WHEN s.status = 'CANCELLED' THEN CASE WHEN l.shipped > 0 THEN 'CLOSED_SHORT' ELSE 'CANCELLED' END
        WHEN s.status = 'COMPLETE' THEN CASE WHEN l.shipped = l.ordered THEN 'SHIPPED' ELSE 'CLOSED_SHORT' END
        WHEN l.shipped > 0 THEN 'PARTLY_SHIPPED' ELSE 'OPEN' END AS status
    FROM sales_order s JOIN (
        SELECT order_id, sum(shipped) AS shipped, sum(ordered) AS ordered FROM order_line GROUP BY order_id
    ) l USING (order_id)
) n
WHERE n.order_id = o.order_id AND n.status <> o.status;
ALTER TABLE sales_order ADD CONSTRAINT sales_order_status_check
    CHECK (status IN ('OPEN', 'PARTLY_SHIPPED', 'SHIPPED', 'CLOSED_SHORT', 'CANCELLED'));
CREATE INDEX sales_order_open ON sales_order (warehouse, priority DESC, placed_at)
    WHERE status IN ('OPEN', 'PARTLY_SHIPPED');
-- Orders by status, without a scan of all shipped orders.
CREATE INDEX sales_order_unfinished ON sales_order (status, order_id)
    WHERE status IN ('OPEN', 'PARTLY_SHIPPED', 'CLOSED_SHORT', 'CANCELLED');
"""


def upgrade() -> None:
    for script in (DEMANDS, LINES, ORDERS):
        run_sql(script)
