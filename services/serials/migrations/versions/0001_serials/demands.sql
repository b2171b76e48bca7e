-- Demands of order lines for units.

CREATE TABLE demand (
    demand_id text COLLATE "C" PRIMARY KEY,
    status text NOT NULL CHECK (status IN ('OPEN', 'CLOSED', 'CANCELLED')),
    order_id text COLLATE "C" NOT NULL,
    line text NOT NULL,
    sku text COLLATE "C" NOT NULL,
    warehouse text COLLATE "C",
    customer text,
    priority integer,
    placed_at timestamptz,
    shortfall text CHECK (shortfall IN ('BACKORDER', 'CANCEL')),
    kind text CHECK (kind IN ('ANY', 'BY_SERIAL', 'BY_LOT', 'SINGLE_LOT')),
    quantity integer NOT NULL,
    open_quantity integer NOT NULL CHECK (open_quantity BETWEEN 0 AND quantity),
    min_remaining_shelf_life_days integer,
    single_lot boolean,
    assigned_lot text COLLATE "C",
    allowed_lots jsonb
);
-- in allocation order: priority, then the older order
CREATE INDEX demand_open ON demand (sku, warehouse, kind, priority DESC, placed_at, demand_id) WHERE open_quantity > 0;
CREATE INDEX demand_order ON demand (order_id);

-- the serials that a demand requests
CREATE TABLE demand_serial (
    sku text COLLATE "C" NOT NULL,
    serial text COLLATE "C" NOT NULL,
    demand_id text COLLATE "C" NOT NULL,
    PRIMARY KEY (sku, serial, demand_id)
);
CREATE INDEX demand_serial_demand ON demand_serial (demand_id);
