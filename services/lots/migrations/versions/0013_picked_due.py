"""What is picked is ours until it has left: it knows, too, the day on which the clock looks at it next."""

from shared.migrate import grant, sql

revision = "lots_0013"
down_revision = "lots_0012"

PICKED_DUE = """
ALTER TABLE picked ADD COLUMN due date NOT NULL DEFAULT '-infinity';
CREATE INDEX picked_due ON picked (warehouse, due, sku, lot) WHERE quantity > 0 AND due < 'infinity';
"""


def upgrade() -> None:
    sql(PICKED_DUE)
    grant("picked", "UPDATE (due)")
