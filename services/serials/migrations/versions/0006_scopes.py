"""A recall keeps what it holds of later arrivals beside a hold on a lot that was called as the recall is before it."""

from shared.migrate import sql

revision = "serials_0006"
down_revision = "serials_0005"

SCOPES = """
ALTER TABLE hold_scope DROP CONSTRAINT hold_scope_pkey;
CREATE UNIQUE INDEX hold_scope_key ON hold_scope (sku, hold, coalesce(recall, ''));
"""


def upgrade() -> None:
    sql(SCOPES)
