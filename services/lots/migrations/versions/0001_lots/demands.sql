-- Demands of order lines for lot-tracked and untracked products.

CREATE TABLE demand (
    id text COLLATE "C" PRIMARY KEY,
    status text NOT NULL CHECK (status IN ('OPEN', 'CLOSED', 'WITHDRAWN')),
    order_id text COLLATE "C" NOT NULL,
    line text NOT NULL,
    sku text COLLATE "C" NOT NULL,
    tracking text NOT NULL CHECK (tracking IN ('LOT', 'NONE')),
    warehouse text,
    customer text,
    priority integer,
    placed_at timestamptz,
    shortfall text CHECK (shortfall IN ('WAIT', 'DROP')),
    quantity numeric CHECK (quantity > 0),
    open numeric NOT NULL DEFAULT 0 CHECK (open >= 0),
    lots text[] NOT NULL DEFAULT '{}',
    single_lot boolean NOT NULL DEFAULT false,
    min_life_days integer NOT NULL DEFAULT 0,
    lot text,
    CHECK (status = 'WITHDRAWN' OR (quantity IS NOT NULL AND shortfall IS NOT NULL AND warehouse IS NOT NULL))
);
CREATE INDEX demand_sku ON demand (sku, id);
CREATE INDEX demand_order ON demand (order_id, id);
-- backorders that any lot can serve, in the order of allocation
CREATE INDEX demand_waiting ON demand (sku, warehouse, (-priority), placed_at, id)
    WHERE open > 0 AND NOT single_lot AND lots = '{}';
-- backorders that need one lot alone, or certain lots
CREATE INDEX demand_choosy ON demand (sku, warehouse) WHERE open > 0 AND (single_lot OR lots <> '{}');
