-- Holds on units, standing holds on units that arrive later, and the units tracked for open recalls.

CREATE TABLE hold (
    hold_id text COLLATE "C" NOT NULL,
    sku text COLLATE "C" NOT NULL,
    serial_id bigint NOT NULL,
    opened_operation_id bigint NOT NULL,
    released_operation_id bigint,
    PRIMARY KEY (serial_id, opened_operation_id)
);
CREATE INDEX hold_by_id ON hold (sku, hold_id);

-- Holds on arriving units: of a lot number, or by the criteria of a recall.
CREATE TABLE standing_hold (
    sku text COLLATE "C" NOT NULL,
    hold_id text COLLATE "C" NOT NULL,
    recall text COLLATE "C",
    lots jsonb NOT NULL,
    serials jsonb NOT NULL,
    ranges jsonb NOT NULL,
    search_terms jsonb NOT NULL,
    opened_operation_id bigint NOT NULL,
    released_operation_id bigint,
    is_recall_closed boolean NOT NULL DEFAULT false  -- arriving units are held, but no longer reported to the recall
);
-- a hold on a lot and a recall may have the same id
CREATE UNIQUE INDEX standing_hold_key ON standing_hold (sku, hold_id, coalesce(recall, ''));

-- Units whose changes are reported to a recall. Rows are deleted when it closes; audit and holds keep the history.
CREATE TABLE recall_tracking (
    serial_id bigint NOT NULL,
    recall text COLLATE "C" NOT NULL,
    sku text COLLATE "C" NOT NULL,
    hold_id text COLLATE "C" NOT NULL,
    PRIMARY KEY (serial_id, recall)
);
