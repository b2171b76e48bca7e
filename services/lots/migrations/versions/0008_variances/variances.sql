-- Stock that pickers did not find: on hand by the books, under investigation until a count of its location.

ALTER TABLE balance ADD COLUMN missing numeric NOT NULL DEFAULT 0;
ALTER TABLE balance ADD CHECK (0 <= missing AND missing <= on_hand);

CREATE TABLE variance (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    variance_id text COLLATE "C" NOT NULL,
    sku text COLLATE "C" NOT NULL,
    lot text COLLATE "C" NOT NULL,
    location text COLLATE "C" NOT NULL,
    order_id text COLLATE "C",  -- empty if a hold became the variance
    quantity numeric NOT NULL CHECK (quantity >= 0),
    missing numeric NOT NULL CHECK (missing >= 0),  -- the part of balance.missing that this variance explains
    remaining numeric CHECK (remaining >= 0),
    reason text NOT NULL,
    reported_by text NOT NULL,
    reported_at timestamptz NOT NULL,
    settled_by text,
    settled_at timestamptz,
    settlement text CHECK (settlement IN ('COUNTED', 'FOUND', 'LOST', 'SUPERSEDED')),
    UNIQUE (sku, lot, location, variance_id),
    CHECK ((settled_at IS NULL) = (missing > 0)),
    CHECK ((settled_at IS NULL) = (settlement IS NULL))
);
CREATE INDEX variance_open ON variance (id) WHERE settled_at IS NULL;

-- An open hold of a short pick was on all unallocated stock of the lot there: all of it is under investigation. If there
-- are several, the oldest becomes the variance. Where everything is allocated, nothing is left to be investigated.
CREATE TEMPORARY TABLE not_found ON COMMIT DROP AS
SELECT h.id, h.hold_id, h.sku, h.lot, h.location, h.reason, h.opened_by, h.opened_at, CASE WHEN row_number() OVER (
    PARTITION BY h.sku, h.lot, h.location ORDER BY h.id
) = 1 THEN coalesce(b.on_hand - b.allocated, 0) ELSE 0 END AS missing
FROM hold AS h LEFT JOIN balance AS b USING (sku, lot, location)
WHERE h.kind = 'NOT_FOUND' AND h.released_at IS NULL;

UPDATE balance AS b SET missing = n.missing
FROM not_found AS n WHERE (b.sku, b.lot, b.location) = (n.sku, n.lot, n.location) AND n.missing > 0;

INSERT INTO variance (variance_id, sku, lot, location, quantity, missing, reason, reported_by, reported_at)
SELECT hold_id, sku, lot, location, missing, missing, reason, opened_by, opened_at
FROM not_found WHERE missing > 0 ORDER BY id;

UPDATE hold AS h SET released_by = 'tracelot/lots', released_at = now(), released_number = nextval('ledger_id_seq'),
    released_reason = 'under investigation until a count'
FROM not_found AS n WHERE h.id = n.id;

-- Fulfillment has copies of the open holds, which these events end.
INSERT INTO outbox (topic, key, value)
SELECT 'lots.events', sku, convert_to(CAST(json_build_object(
    'specversion', '1.0', 'source', 'tracelot/lots', 'time', now(), 'id', gen_random_uuid(),
    'type', 'lot.hold_released.v1', 'datacontenttype', 'application/json',
    'data', json_build_object(
        'sku', sku, 'lot', lot, 'location', location, 'hold_id', hold_id, 'reason', 'under investigation until a count'
    )
) AS text), 'UTF8')
FROM not_found ORDER BY sku, id;
