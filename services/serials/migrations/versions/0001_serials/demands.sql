-- Demands of order lines for units.

CREATE TABLE demand (
    id text COLLATE "C" PRIMARY KEY,
    status text NOT NULL CHECK (status IN ('OPEN', 'CLOSED', 'WITHDRAWN')),
    order_id text COLLATE "C" NOT NULL,
    line text NOT NULL,
    sku text COLLATE "C" NOT NULL,
    warehouse text COLLATE "C",
    customer text,
    priority integer,
    placed_at timestamptz,
    shortfall text CHECK (shortfall IN ('WAIT', 'DROP')),
    kind text CHECK (kind IN ('ANY', 'NAMED', 'LOT', 'SINGLE')),
    quantity integer NOT NULL,
    open integer NOT NULL CHECK (open BETWEEN 0 AND quantity),
    min_life_days integer,
    single_lot boolean,
    lot text COLLATE "C",
    lots jsonb
);
-- in the order of allocation: priority, then the older order
CREATE INDEX demand_open ON demand (sku, warehouse, kind, priority DESC, placed_at, id) WHERE open > 0;
CREATE INDEX demand_order ON demand (order_id);

-- the serials that a demand names
CREATE TABLE wanted (
    sku text COLLATE "C" NOT NULL,
    serial text COLLATE "C" NOT NULL,
    demand text COLLATE "C" NOT NULL,
    PRIMARY KEY (sku, serial, demand)
);
CREATE INDEX wanted_demand ON wanted (demand);
