"""Products have a warranty."""

from shared.persistence.migrate import run_sql

revision = "0010_warranty"
down_revision = "0006_waiting_messages"


def upgrade() -> None:
    run_sql("ALTER TABLE product ADD warranty jsonb")
