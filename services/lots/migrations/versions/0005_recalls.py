"""Recalls: what they are about, who has answered, what the registry told of units, how the calls went."""

from shared.migrate import grant, sql

revision = "lots_0005"
down_revision = "lots_0004"

RECALLS = """
CREATE TABLE recall (
    recall text COLLATE "C" PRIMARY KEY,
    reason text NOT NULL,
    notice text NOT NULL,
    mock boolean NOT NULL,
    opened_at timestamptz NOT NULL,
    opened_by text NOT NULL,
    closed_at timestamptz,
    closed_by text,
    closed_reason text
);

CREATE TABLE recall_product (
    recall text COLLATE "C" NOT NULL,
    sku text COLLATE "C" NOT NULL,
    tracking text NOT NULL,
    answered_at timestamptz,
    PRIMARY KEY (recall, sku)
);

CREATE TABLE recall_lot (
    recall text COLLATE "C" NOT NULL,
    sku text COLLATE "C" NOT NULL,
    lot text COLLATE "C" NOT NULL,
    PRIMARY KEY (recall, sku, lot)
);

-- as the registry last told of each unit
CREATE TABLE recall_unit (
    recall text COLLATE "C" NOT NULL,
    sku text COLLATE "C" NOT NULL,
    serial text COLLATE "C" NOT NULL,
    lot text,
    status text NOT NULL,
    adjustment text,
    held boolean NOT NULL,
    location text,
    order_id text,
    shipment text,
    customer text,
    customer_name text,
    contact text,
    shipped_at timestamptz,
    PRIMARY KEY (recall, sku, serial)
);

CREATE TABLE recall_mark (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    recall text COLLATE "C" NOT NULL,
    shipment text COLLATE "C" NOT NULL,
    sku text COLLATE "C" NOT NULL,
    item text COLLATE "C" NOT NULL,
    mark text NOT NULL CHECK (mark IN ('NOTIFIED', 'RETURNED', 'DESTROYED', 'UNREACHABLE')),
    note text NOT NULL,
    at timestamptz NOT NULL,
    actor text NOT NULL
);
CREATE INDEX recall_mark_line ON recall_mark (recall, shipment, sku, item, id);

-- whom to call about what left with a shipment
CREATE TABLE consignee (
    shipment text COLLATE "C" NOT NULL,
    order_id text COLLATE "C" NOT NULL,
    customer text COLLATE "C" NOT NULL,
    customer_name text NOT NULL,
    contact text NOT NULL,
    at timestamptz NOT NULL,
    PRIMARY KEY (shipment, order_id)
);
"""


def upgrade() -> None:
    sql(RECALLS)
    grant("recall, recall_product, recall_lot, recall_unit, recall_mark, consignee", "SELECT, INSERT")
    grant("recall", "UPDATE (closed_at, closed_by, closed_reason)")
    grant("recall_product", "UPDATE (answered_at)")
    grant("recall_unit", "UPDATE")
