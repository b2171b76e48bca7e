"""Locations of picked stock, in its rows and in the ledger.

No stored row says where stock was picked to: its location stays empty, and a count does not include it.
"""

from shared.persistence.migrate import run_sql

revision = "0007_picked_locations"
breaks_before = "0007_picked_locations"  # the primary key of picked_stock contains the location
down_revision = "0006_ledger_documents"


def upgrade() -> None:
    run_sql("""ALTER TABLE picked_stock ADD COLUMN location text COLLATE "C" NOT NULL DEFAULT ''""")
    run_sql("ALTER TABLE picked_stock DROP CONSTRAINT picked_stock_pkey, ADD PRIMARY KEY (demand_id, lot, location)")
    run_sql("""ALTER TABLE ledger ADD COLUMN picked_location text COLLATE "C" """)
