"""Which units open recalls watch: those that one named are told of wherever they go, until it closes.

A watch is no record, and is deleted with its recall's closing; what happened stands in acts, holds and the audit. The
registry had not heard of closings before: units of recalls that were over by then are watched on, and told of to a
service that keeps no list of them any more.
"""

from shared.migrate import grant, sql

revision = "serials_0005"
down_revision = "serials_0004"

WATCHES = """
CREATE TABLE recall_watch (
    serial_id bigint NOT NULL,
    recall text COLLATE "C" NOT NULL,
    sku text COLLATE "C" NOT NULL,
    hold text COLLATE "C" NOT NULL,
    PRIMARY KEY (serial_id, recall)
);
INSERT INTO recall_watch (serial_id, recall, sku, hold)
    SELECT DISTINCT h.serial_id, c.recall, c.sku, c.hold FROM hold_scope AS c JOIN hold AS h USING (sku, hold)
    WHERE c.recall IS NOT NULL;

-- how many watch a unit: who is in no recall is asked no more than this
ALTER TABLE serial_state ADD COLUMN watches integer NOT NULL DEFAULT 0;
UPDATE serial_state AS s SET watches = w.watches
    FROM (SELECT serial_id, count(*) AS watches FROM recall_watch GROUP BY serial_id) AS w WHERE s.id = w.serial_id;
"""


def upgrade() -> None:
    sql(WATCHES)
    grant("recall_watch", "SELECT, INSERT, DELETE")
    grant("serial_state", "UPDATE (watches)")
