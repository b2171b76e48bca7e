"""What a demand has open and will have, and how free stock finds those who wait for it."""

from shared.migrate import grant, sql

revision = "lots_0004"
down_revision = "lots_0003"

SERVING = """
ALTER TABLE demand
    ADD COLUMN open numeric NOT NULL DEFAULT 0 CHECK (open >= 0),
    ADD COLUMN lots text[] NOT NULL DEFAULT '{}',
    ADD COLUMN single_lot boolean NOT NULL DEFAULT false,
    ADD COLUMN min_life_days integer NOT NULL DEFAULT 0,
    ADD COLUMN lot text,
    DROP CONSTRAINT demand_shortfall_check,
    ADD CONSTRAINT demand_shortfall_check CHECK (shortfall IN ('WAIT', 'DROP'));
UPDATE demand SET open = quantity WHERE status = 'OPEN';

-- those whom any lot serves, as far as it goes, in the order in which they are served
CREATE INDEX demand_waiting ON demand (sku, warehouse, (-priority), placed_at, id)
    WHERE open > 0 AND NOT single_lot AND lots = '{}';
-- those who want one lot alone, or certain lots
CREATE INDEX demand_choosy ON demand (sku, warehouse) WHERE open > 0 AND (single_lot OR lots <> '{}');
"""


def upgrade() -> None:
    sql(SERVING)
    grant("demand", "UPDATE (status, open, lot)")
