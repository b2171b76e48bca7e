"""Which recalls are over whose holds stand: what arrives is held, and told of no more."""

from shared.migrate import grant, sql

revision = "serials_0008"
down_revision = "serials_0007"


def upgrade() -> None:
    sql("ALTER TABLE hold_scope ADD COLUMN closed boolean NOT NULL DEFAULT false")
    grant("hold_scope", "UPDATE (closed)")
