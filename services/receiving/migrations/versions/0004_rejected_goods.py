"""Goods rejected on arrival are discrepancies, which a later scan replaces; units know their adjustment."""

from shared.persistence.migrate import grant, run_sql

revision = "0004_rejected_goods"
down_revision = "0003_announced_lines"


def upgrade() -> None:
    run_sql("ALTER TABLE receipt ADD has_rejections boolean NOT NULL DEFAULT false")
    run_sql("COMMENT ON COLUMN receipt.has_rejections IS 'goods were ever rejected on arrival'")
    run_sql("ALTER TABLE unit ADD adjustment text")
    run_sql("COMMENT ON COLUMN unit.adjustment IS 'SCRAPPED, LOST or RETURNED_TO_VENDOR: on hand but not in stock'")
    grant("unit", "UPDATE (adjustment)")
    grant("discrepancy", "UPDATE (session, kind, line, quantity, location, found_at, found_by, lot, expiry)")
