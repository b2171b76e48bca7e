"""The tables that the line keeps in every service's database, made by calls from a service's first migration."""

from pathlib import Path

from alembic import context, op
from sqlalchemy.util import await_only


def sql(script: str) -> None:
    """Run a script of one or several statements, as it stands: no colon in it is taken for a parameter."""
    bind = op.get_bind()
    bind.exec_driver_sql("SELECT 1")  # the driver opens its transaction with the first statement it knows of
    await_only(bind.connection.driver_connection.execute(script))  # type: ignore[union-attr]


def scripts(folder: Path, *names: str) -> None:
    """Run the named .sql files of a folder, in this order."""
    for name in names:
        sql((folder / f"{name}.sql").read_text())


def grant(table: str, rights: str) -> None:
    """Give the login role rights on a table, `grant("serial", "SELECT, INSERT")`; it has none by default."""
    login = context.config.attributes["login"]
    op.execute(f'GRANT {rights} ON {table} TO "{login}"')


def line_tables() -> None:
    """Make what the line needs: locks, inbox, outbox, dead letters, skips, idempotency keys, rejections."""
    sql(LINE)
    grant("lock, skip, idempotency, rejection, dead_letter", "SELECT, INSERT, UPDATE")
    grant("inbox, outbox", "SELECT, INSERT, DELETE")
    grant("idempotency", "DELETE")


def product_replica() -> None:
    """Make the copy of the products that `shared.replica` keeps."""
    sql(PRODUCT)
    grant("product", "SELECT, INSERT, UPDATE")


def location_replica() -> None:
    """Make the copies of the warehouses and locations that `shared.replica` keeps."""
    sql(LOCATION)
    grant("warehouse, location", "SELECT, INSERT, UPDATE")


def rezoned() -> None:
    """Make the list of what somebody waits for where it became an earlier day, which `shared.rezoned` keeps."""
    sql("""
        CREATE TABLE rezoned (
            sku text COLLATE "C" NOT NULL,
            warehouse text COLLATE "C" NOT NULL,
            PRIMARY KEY (sku, warehouse)
        )
    """)
    grant("rezoned", "SELECT, INSERT, DELETE")


LINE = """
CREATE TABLE lock (name text PRIMARY KEY);

CREATE TABLE inbox (id uuid PRIMARY KEY, at timestamptz NOT NULL DEFAULT now());
CREATE INDEX inbox_age ON inbox USING brin (at);

CREATE TABLE outbox (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    topic text NOT NULL,
    key text NOT NULL,
    value bytea NOT NULL CHECK (octet_length(value) <= 1000000),
    at timestamptz NOT NULL DEFAULT now()
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
    at timestamptz NOT NULL DEFAULT now(),
    retried_at timestamptz,
    UNIQUE (topic, partition, "offset", written_at)
);

CREATE TABLE skip (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    topic text NOT NULL,
    partition integer NOT NULL,
    "offset" bigint NOT NULL,
    malformed boolean NOT NULL DEFAULT false,
    reason text NOT NULL,
    actor text NOT NULL,
    at timestamptz NOT NULL DEFAULT now(),
    used_at timestamptz
);
CREATE INDEX skip_open ON skip (topic, partition) WHERE used_at IS NULL;

CREATE TABLE idempotency (
    actor text NOT NULL,
    route text NOT NULL,
    key text NOT NULL,
    hash bytea NOT NULL,
    status smallint NOT NULL,
    address text,
    body text NOT NULL,
    at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (actor, route, key)
);
CREATE INDEX idempotency_age ON idempotency USING brin (at);

CREATE TABLE rejection (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind text NOT NULL CHECK (kind IN ('REFUSAL', 'DISAGREEMENT')),
    document text NOT NULL,
    type text NOT NULL,
    source text NOT NULL,
    message text NOT NULL,
    actor text NOT NULL,
    codes text[] NOT NULL,
    refusals jsonb NOT NULL,
    raw jsonb NOT NULL,
    at timestamptz NOT NULL DEFAULT now(),
    closed_at timestamptz,
    closed_by text,
    closed_reason text
);
CREATE INDEX rejection_document ON rejection (document);
CREATE INDEX rejection_open ON rejection (id) WHERE kind = 'DISAGREEMENT' AND closed_at IS NULL;
"""

PRODUCT = """
CREATE TABLE product (
    sku text PRIMARY KEY,
    version bigint NOT NULL,
    name text NOT NULL,
    unit text NOT NULL,
    tracking text NOT NULL CHECK (tracking IN ('SERIAL', 'LOT', 'NONE')),
    life jsonb NOT NULL DEFAULT '{}',
    decimals smallint NOT NULL DEFAULT 6 CHECK (decimals BETWEEN 0 AND 6)
);
"""

LOCATION = """
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
