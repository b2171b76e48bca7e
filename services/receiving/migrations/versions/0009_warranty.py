"""Products have a warranty; units know their manufacturing date and the end of the warranty of their sale."""

from shared.persistence.migrate import grant, run_sql

revision = "0009_warranty"
down_revision = "0008_serial_formats"


def upgrade() -> None:
    run_sql("ALTER TABLE product ADD warranty jsonb")
    run_sql("ALTER TABLE unit ADD manufactured_on date, ADD warranty_ends_on date")
    run_sql("COMMENT ON COLUMN unit.warranty_ends_on IS 'last day of the warranty of its last sale'")
    run_sql("ALTER TABLE unmatched_scan ADD manufactured_on date")
    run_sql("ALTER TABLE discrepancy ADD manufactured_on date")
    grant("unit", "UPDATE (manufactured_on, warranty_ends_on)")
    run_sql("ALTER TABLE return_unit ADD warranty_ends_on date, ADD in_warranty boolean")
