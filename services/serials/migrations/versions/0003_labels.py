"""What labels say of units: lot number and expiry, in the order of allocation; beside them what most units have not.

Whoever has no lot number and no expiry is in none of the new indexes but that of free stock, which is as it was.
"""

from shared.migrate import grant, sql

revision = "serials_0003"
down_revision = "serials_0002"

LABELS = """
ALTER TABLE serial_state ADD COLUMN lot text COLLATE "C", ADD COLUMN expiry date, ADD COLUMN due date;
CREATE INDEX serial_state_lot ON serial_state (lower(lot), sku) WHERE lot IS NOT NULL;

-- who is looked at by the clock
CREATE INDEX serial_state_due ON serial_state (warehouse, due, sku, expiry)
    WHERE due < 'infinity' AND location IS NOT NULL AND adjustment IS NULL;

-- in the order of allocation: earliest expiry, earliest receipt, serial; what does not expire goes last
DROP INDEX serial_state_free;
CREATE INDEX serial_state_free ON serial_state (sku, warehouse, coalesce(expiry, 'infinity'), received_at, serial)
    WHERE status = 'IN_INVENTORY' AND holds = 0 AND adjustment IS NULL;
CREATE INDEX serial_state_free_lot
    ON serial_state (sku, warehouse, lot, coalesce(expiry, 'infinity'), received_at, serial)
    WHERE status = 'IN_INVENTORY' AND holds = 0 AND adjustment IS NULL AND lot IS NOT NULL;

-- who wants lots is found by the lots that come free
ALTER TABLE demand ADD COLUMN min_life_days integer, ADD COLUMN single_lot boolean, ADD COLUMN lot text COLLATE "C",
    ADD COLUMN lots jsonb;
ALTER TABLE demand DROP CONSTRAINT demand_kind_check, DROP CONSTRAINT demand_shortfall_check,
    ADD CHECK (kind IN ('ANY', 'NAMED', 'LOT', 'SINGLE')), ADD CHECK (shortfall IN ('WAIT', 'DROP'));

-- holds on what arrives: of a lot number, of what a recall names
CREATE TABLE hold_scope (
    sku text COLLATE "C" NOT NULL,
    hold text COLLATE "C" NOT NULL,
    recall text COLLATE "C",
    lots jsonb NOT NULL,
    serials jsonb NOT NULL,
    ranges jsonb NOT NULL,
    words jsonb NOT NULL,
    opened bigint NOT NULL,
    lifted bigint,
    PRIMARY KEY (sku, hold)
);

-- whom to call about what has left
ALTER TABLE act ADD COLUMN customer_name text, ADD COLUMN contact text;
"""


def upgrade() -> None:
    sql(LABELS)
    grant("serial_state", "UPDATE (lot, expiry, due)")
    grant("demand", "UPDATE (lot)")
    grant("hold_scope", "SELECT, INSERT, UPDATE (lifted)")
