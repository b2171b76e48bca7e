"""A recall as it was asked, to ask it again of whoever owns a product's stock later."""

from shared.migrate import grant, sql

revision = "lots_0014"
down_revision = "lots_0013"


def upgrade() -> None:
    sql("ALTER TABLE recall ADD COLUMN asked jsonb")
    grant("recall_product", "UPDATE (tracking)")
