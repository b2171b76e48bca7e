"""Messages that wait for their order, with the time at which they were received."""

from shared.persistence.migrate import run_sql

revision = "0003_waiting_messages"
down_revision = "0002_message_digests"
breaks_before = "0003_waiting_messages"


def upgrade() -> None:
    run_sql("ALTER TABLE early_message RENAME TO waiting_message")
    run_sql("ALTER TABLE waiting_message RENAME COLUMN order_id TO document")
    run_sql("ALTER TABLE waiting_message ADD COLUMN received_at timestamptz NOT NULL DEFAULT now()")
    run_sql("ALTER INDEX early_message_order RENAME TO waiting_message_document")
    run_sql("CREATE INDEX waiting_message_received_at ON waiting_message (received_at)")
