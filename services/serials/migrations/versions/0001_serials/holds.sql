-- Holds on units, on units that arrive later, and the units that open recalls watch.

-- opened and lifted are acts
CREATE TABLE hold (
    hold text COLLATE "C" NOT NULL,
    sku text COLLATE "C" NOT NULL,
    serial_id bigint NOT NULL,
    opened bigint NOT NULL,
    lifted bigint,
    PRIMARY KEY (serial_id, opened)
);
CREATE INDEX hold_id ON hold (sku, hold);

-- Holds on arriving units: of a lot number, or by the criteria of a recall.
CREATE TABLE hold_scope (
    sku text COLLATE "C" NOT NULL,
    hold text COLLATE "C" NOT NULL,
    recall text COLLATE "C",
    lots jsonb NOT NULL,
    serials jsonb NOT NULL,
    ranges jsonb NOT NULL,
    words jsonb NOT NULL,
    opened bigint NOT NULL,
    lifted bigint,
    closed boolean NOT NULL DEFAULT false  -- the recall: what arrives is held, but no longer reported to it
);
-- a hold on a lot and a recall may have the same id
CREATE UNIQUE INDEX hold_scope_key ON hold_scope (sku, hold, coalesce(recall, ''));

-- Units whose changes are reported to a recall. Rows are deleted when it closes; acts, holds and audit keep the history.
CREATE TABLE recall_watch (
    serial_id bigint NOT NULL,
    recall text COLLATE "C" NOT NULL,
    sku text COLLATE "C" NOT NULL,
    hold text COLLATE "C" NOT NULL,
    PRIMARY KEY (serial_id, recall)
);
