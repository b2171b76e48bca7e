"""Orders by the time at which they were placed or changed; kept log entries count as recorded at the migration."""

from shared.persistence.migrate import run_sql

revision = "0006_list_indexes"
down_revision = "0005_order_statuses"


def upgrade() -> None:
    run_sql("""
        CREATE INDEX sales_order_placed_at ON sales_order (placed_at, order_id);
        ALTER TABLE order_log ADD recorded_at timestamptz NOT NULL DEFAULT now();
        CREATE INDEX order_log_recorded_at ON order_log USING brin (recorded_at) WITH (autosummarize = on);
    """)
