"""Lots are found by a part of their number."""

from shared.migrate import sql

revision = "lots_0009"
down_revision = "lots_0008"

PARTS = """
CREATE EXTENSION IF NOT EXISTS pg_trgm;
CREATE INDEX lot_part ON lot USING gin (lower(lot) gin_trgm_ops);
"""


def upgrade() -> None:
    sql(PARTS)
