"""Messages that wait for their ASN, instead of receipts that consist of a cancellation."""

from shared.persistence.migrate import grant, run_sql

revision = "0006_waiting_messages"
down_revision = "0005_location_activity"
breaks_before = "0006_waiting_messages"  # it deletes receipts that older versions would wait for


def upgrade() -> None:
    run_sql("""
        CREATE TABLE waiting_message (
            id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
            document text COLLATE "C" NOT NULL,
            event jsonb NOT NULL,
            received_at timestamptz NOT NULL
        )
    """)
    run_sql("CREATE INDEX waiting_message_document ON waiting_message (document)")
    run_sql("CREATE INDEX waiting_message_received_at ON waiting_message (received_at)")
    grant("waiting_message", "SELECT, INSERT, DELETE")
    run_sql("""
        INSERT INTO waiting_message (document, event, received_at)
        SELECT receipt, jsonb_build_object(
            'specversion', '1.0', 'id', receipt, 'source', 'tracelot/receiving', 'type', 'asn.cancelled.v1',
            'time', created_at, 'data', jsonb_build_object('receipt', receipt, 'reason', reason)
        ), created_at
        FROM receipt WHERE warehouse IS NULL ORDER BY created_at
    """)
    run_sql("DELETE FROM receipt WHERE warehouse IS NULL")
    run_sql("ALTER TABLE receipt ALTER COLUMN warehouse SET NOT NULL")
    run_sql("COMMENT ON COLUMN receipt.warehouse IS NULL")
