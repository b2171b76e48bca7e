"""Serial shipping container codes of cartons; those packed before have none."""

from shared.persistence.migrate import grant, run_sql

revision = "0013_sscc"
down_revision = "0012_ordered_products"


def upgrade() -> None:
    run_sql('ALTER TABLE carton ADD sscc text COLLATE "C", ADD sscc_assigned_at timestamptz')
    run_sql("CREATE INDEX carton_sscc ON carton (sscc) WHERE sscc IS NOT NULL")
    run_sql("CREATE SEQUENCE sscc_number MINVALUE 0")
    grant("SEQUENCE sscc_number", "USAGE")
