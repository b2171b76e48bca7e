"""When the clock looks at a lot next, what was said of its end; and who sent what a receipt brought."""

from shared.migrate import grant, sql

revision = "lots_0006"
down_revision = "lots_0005"

EXPIRY = """
-- the day on which there is something to say of what lies there: at once of what is new, never once it has expired
ALTER TABLE balance ADD COLUMN due date NOT NULL DEFAULT '-infinity';
CREATE INDEX balance_due ON balance (warehouse, due, sku, lot) WHERE on_hand > 0 AND due < 'infinity';

-- once a lot, warehouse and threshold, for each expiry that was in force; -1 is that it has expired
CREATE TABLE expiry_told (
    sku text COLLATE "C" NOT NULL,
    lot text COLLATE "C" NOT NULL,
    warehouse text COLLATE "C" NOT NULL,
    expiry date NOT NULL,
    threshold integer NOT NULL,
    at timestamptz NOT NULL,
    PRIMARY KEY (sku, lot, warehouse, expiry, threshold)
);

-- a lot may come from several
ALTER TABLE ledger ADD COLUMN supplier text;
"""


def upgrade() -> None:
    sql(EXPIRY)
    grant("balance", "UPDATE (due)")
    grant("expiry_told", "SELECT, INSERT")
