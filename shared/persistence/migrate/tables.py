"""Tables shared by all services, created by the first migration of each service."""

from pathlib import Path

from alembic import context, op
from sqlalchemy.util import await_only

from shared.persistence.lot_keys import fold_lot_sql


def run_sql(script: str) -> None:
    """Run a script of one or several statements unchanged; colons are not bind parameters."""
    bind = op.get_bind()
    bind.exec_driver_sql(
        "SELECT 1"
    )  # the driver opens its transaction with the first statement that it executes itself
    await_only(bind.connection.driver_connection.execute(script))  # type: ignore[union-attr]


def scripts(folder: Path, *names: str) -> None:
    """Run the named .sql files of a folder in order."""
    for name in names:
        run_sql((folder / f"{name}.sql").read_text())


def grant(table: str, privileges: str) -> None:
    """Grant the login role privileges on a table, for example `grant("serial", "SELECT, INSERT")`."""
    login_role = context.config.attributes["login"]
    op.execute(f'GRANT {privileges} ON {table} TO "{login_role}"')


def lot_key_column(table: str, column: str = "lot") -> None:
    """Add the generated column `lot_key`, the comparison key of a lot number; its value equals `fold_lot`."""
    run_sql(f'ALTER TABLE {table} ADD lot_key text COLLATE "C" GENERATED ALWAYS AS ({fold_lot_sql(column)}) STORED')


def messaging_tables() -> None:
    """Create lock keys, inbox, outbox, dead letters, offset skips, idempotency keys and rejections."""
    run_sql(MESSAGING_SCHEMA)
    grant("lock_key, offset_skip, idempotency, rejection, dead_letter", "SELECT, INSERT, UPDATE")
    grant("inbox, outbox", "SELECT, INSERT, DELETE")
    grant("idempotency", "DELETE")


def message_digests() -> None:
    """Add the digest of type and data to the messages of other sources in the inbox."""
    run_sql("ALTER TABLE inbox ADD COLUMN digest bytea")


def replayable_rejections() -> None:
    """Add the record of messages that are refused unread to the rejections."""
    run_sql("ALTER TABLE rejection ADD COLUMN record jsonb, ADD COLUMN replayed_at timestamptz")
    run_sql("COMMENT ON COLUMN rejection.record IS 'Kafka record of a message that was refused unread, for replay'")


def location_activity() -> None:
    """Add whether a location is active to the location table; stored ones are."""
    run_sql("ALTER TABLE location ADD COLUMN is_active boolean NOT NULL DEFAULT true")


def dispatch_approvals() -> None:
    """Create the table of `shared.inventory.approval_table`."""
    run_sql(APPROVAL_SCHEMA)
    grant("dispatch_approval", "SELECT, INSERT, DELETE")


def import_tables() -> None:
    """Create the tables of `shared.imports`."""
    run_sql(IMPORT_SCHEMA)
    grant("import, import_row", "SELECT, INSERT, UPDATE, DELETE")


def import_senders() -> None:
    """Add senders, their mappings, counts of ended imports and parts of receipts to the imports."""
    run_sql(IMPORT_SENDER_SCHEMA)
    grant("import_mapping", "SELECT, INSERT, UPDATE, DELETE")


def product_table() -> None:
    """Create the product table of `shared.inventory.reference_data`."""
    run_sql(PRODUCT_SCHEMA)
    grant("product", "SELECT, INSERT, UPDATE")


def barcode_index() -> None:
    """Index the barcodes of a product replica that holds them as JSON, so that scans find their product."""
    run_sql("CREATE INDEX product_barcode ON product USING gin (jsonb_path_query_array(barcodes, '$[*].code'))")


def location_tables() -> None:
    """Create the warehouse and location tables of `shared.inventory.reference_data`."""
    run_sql(LOCATION_SCHEMA)
    grant("warehouse, location", "SELECT, INSERT, UPDATE")


IMPORT_SCHEMA = """
-- Imports of files and their rows, each under its natural key.
CREATE TABLE import (
    number text COLLATE "C" PRIMARY KEY,
    kind text NOT NULL,
    status text NOT NULL CHECK (status IN ('READING', 'RUNNING', 'DONE', 'CANCELLED')),
    actor text NOT NULL,
    sending integer NOT NULL,
    set_count integer NOT NULL DEFAULT 0,
    is_dry_run boolean NOT NULL,
    created_at timestamptz NOT NULL,
    ended_at timestamptz
);
CREATE INDEX import_running ON import (number) WHERE status = 'RUNNING';
COMMENT ON COLUMN import.sending IS 'how often the file was sent';
CREATE TABLE import_row (
    number text COLLATE "C" NOT NULL REFERENCES import ON DELETE CASCADE,
    key text COLLATE "C" NOT NULL,
    line integer NOT NULL,
    fields jsonb NOT NULL,
    status text NOT NULL CHECK (status IN ('PENDING', 'DONE', 'FAILED')),
    problems jsonb NOT NULL,
    sending integer NOT NULL,
    held_by text,
    PRIMARY KEY (number, key)
);
CREATE INDEX import_row_pending ON import_row (number, line) WHERE status = 'PENDING';
CREATE INDEX import_row_key ON import_row (key) WHERE status = 'DONE';
COMMENT ON COLUMN import_row.sending IS 'the last sending of the file that contained the row';
COMMENT ON COLUMN import_row.held_by IS 'an earlier import of the same kind that has done the row';
"""

IMPORT_SENDER_SCHEMA = """
ALTER TABLE import
    ADD COLUMN sender text NOT NULL DEFAULT '',
    ADD COLUMN sent_at timestamptz NOT NULL DEFAULT now(),
    ADD COLUMN cancelled_sending integer NOT NULL DEFAULT 0,
    ADD COLUMN pending_rows bigint,
    ADD COLUMN done_rows bigint,
    ADD COLUMN failed_rows bigint,
    ADD COLUMN cancelled_rows bigint,
    ADD COLUMN held_rows bigint;
COMMENT ON COLUMN import.sent_at IS 'when the file was sent last';
COMMENT ON COLUMN import.cancelled_sending IS 'pending rows of this sending and of earlier ones are cancelled';
COMMENT ON COLUMN import.done_rows IS 'counts of rows once the import has ended, null before';
UPDATE import SET sent_at = created_at, cancelled_sending = CASE WHEN status = 'CANCELLED' THEN sending ELSE 0 END;
UPDATE import SET (pending_rows, done_rows, failed_rows, cancelled_rows, held_rows) = (
    SELECT 0, count(*) FILTER (WHERE r.status = 'DONE'), count(*) FILTER (WHERE r.status = 'FAILED'),
           count(*) FILTER (WHERE r.status = 'PENDING'), count(r.held_by)
    FROM import_row AS r WHERE r.number = import.number
) WHERE status IN ('DONE', 'CANCELLED');
CREATE INDEX import_created ON import (created_at, number);
ALTER TABLE import_row ADD COLUMN part integer;
COMMENT ON COLUMN import_row.part IS 'part of the receipt that announced the row';
CREATE INDEX import_row_part ON import_row (number, part) WHERE part IS NOT NULL;
CREATE INDEX import_row_failed ON import_row (number, line) WHERE status = 'FAILED';
-- What the files of a sender are like.
CREATE TABLE import_mapping (
    sender text COLLATE "C" NOT NULL,
    kind text COLLATE "C" NOT NULL,
    options jsonb NOT NULL,
    changed_at timestamptz NOT NULL,
    changed_by text NOT NULL,
    PRIMARY KEY (sender, kind)
);
"""

APPROVAL_SCHEMA = """
-- Dispatch approvals until they expire: what may leave in spite of a later hold.
CREATE TABLE dispatch_approval (
    sku text COLLATE "C" NOT NULL,
    order_id text NOT NULL,
    shipment text NOT NULL,
    customer text NOT NULL,
    valid_until timestamptz NOT NULL,
    numbers text[] NOT NULL
);
CREATE INDEX dispatch_approval_sku ON dispatch_approval (sku);
"""

MESSAGING_SCHEMA = """
CREATE TABLE lock_key (name text PRIMARY KEY);

CREATE TABLE inbox (id uuid PRIMARY KEY, processed_at timestamptz NOT NULL DEFAULT now());
CREATE INDEX inbox_processed_at ON inbox USING brin (processed_at);

CREATE TABLE outbox (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    topic text NOT NULL,
    key text NOT NULL,
    value bytea NOT NULL CHECK (octet_length(value) <= 1000000),
    created_at timestamptz NOT NULL DEFAULT now()
);
ALTER TABLE outbox SET (autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_threshold = 5000,
                        autovacuum_vacuum_insert_scale_factor = 0, autovacuum_vacuum_cost_delay = 0);

CREATE TABLE dead_letter (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    topic text NOT NULL,
    partition integer NOT NULL,
    "offset" bigint NOT NULL,
    written_at timestamptz NOT NULL,
    key bytea,
    value bytea,
    headers jsonb NOT NULL DEFAULT '[]',
    error text NOT NULL,
    stored_at timestamptz NOT NULL DEFAULT now(),
    replayed_at timestamptz,
    UNIQUE (topic, partition, "offset", written_at)
);

CREATE TABLE offset_skip (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    topic text NOT NULL,
    partition integer NOT NULL,
    "offset" bigint NOT NULL,
    is_malformed boolean NOT NULL DEFAULT false,
    reason text NOT NULL,
    actor text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    used_at timestamptz
);
CREATE INDEX offset_skip_open ON offset_skip (topic, partition) WHERE used_at IS NULL;

CREATE TABLE idempotency (
    actor text NOT NULL,
    route text NOT NULL,
    key text NOT NULL,
    request_hash bytea NOT NULL,
    status smallint NOT NULL,
    resource_path text,
    body text NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (actor, route, key)
);
CREATE INDEX idempotency_created_at ON idempotency USING brin (created_at);

CREATE TABLE rejection (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind text NOT NULL CHECK (kind IN ('COMMAND_REJECTED', 'EVENT_CONFLICT')),
    document text NOT NULL,
    type text NOT NULL,
    source text NOT NULL,
    message_id text NOT NULL,
    actor text NOT NULL,
    codes text[] NOT NULL,
    violations jsonb NOT NULL,
    raw jsonb NOT NULL,
    recorded_at timestamptz NOT NULL DEFAULT now(),
    closed_at timestamptz,
    closed_by text,
    closed_reason text
);
CREATE INDEX rejection_document ON rejection (document);
CREATE INDEX rejection_open ON rejection (id) WHERE kind = 'EVENT_CONFLICT' AND closed_at IS NULL;
"""

PRODUCT_SCHEMA = """
CREATE TABLE product (
    sku text PRIMARY KEY,
    version bigint NOT NULL,
    name text NOT NULL,
    unit text NOT NULL,
    tracking text NOT NULL CHECK (tracking IN ('SERIAL', 'LOT', 'NONE')),
    shelf_life jsonb NOT NULL DEFAULT '{}',
    decimals smallint NOT NULL DEFAULT 6 CHECK (decimals BETWEEN 0 AND 6)
);
"""

LOCATION_SCHEMA = """
CREATE TABLE warehouse (
    warehouse text PRIMARY KEY,
    version bigint NOT NULL,
    name text NOT NULL,
    time_zone text NOT NULL
);
CREATE TABLE location (
    location text PRIMARY KEY,
    version bigint NOT NULL,
    type text NOT NULL CHECK (type IN ('DOCK', 'STAGING', 'STORAGE')),
    pick_sequence integer NOT NULL
);
"""
