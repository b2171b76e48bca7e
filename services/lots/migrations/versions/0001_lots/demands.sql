-- Demands of order lines for lot-tracked and untracked products.

CREATE TABLE demand (
    demand_id text COLLATE "C" PRIMARY KEY,
    status text NOT NULL CHECK (status IN ('OPEN', 'CLOSED', 'CANCELLED')),
    order_id text COLLATE "C" NOT NULL,
    line text NOT NULL,
    sku text COLLATE "C" NOT NULL,
    tracking text NOT NULL CHECK (tracking IN ('LOT', 'NONE')),
    warehouse text,
    customer text,
    priority integer,
    placed_at timestamptz,
    shortfall text CHECK (shortfall IN ('BACKORDER', 'CANCEL')),
    quantity numeric CHECK (quantity > 0),
    open_quantity numeric NOT NULL DEFAULT 0 CHECK (open_quantity >= 0),
    allowed_lots text[] NOT NULL DEFAULT '{}',
    single_lot boolean NOT NULL DEFAULT false,
    min_remaining_shelf_life_days integer NOT NULL DEFAULT 0,
    assigned_lot text,
    CHECK (status = 'CANCELLED' OR (quantity IS NOT NULL AND shortfall IS NOT NULL AND warehouse IS NOT NULL))
);
CREATE INDEX demand_sku ON demand (sku, demand_id);
CREATE INDEX demand_order ON demand (order_id, demand_id);
-- backorders that accept any lot, in queue order
CREATE INDEX demand_unrestricted ON demand (sku, warehouse, (-priority), placed_at, demand_id)
    WHERE open_quantity > 0 AND NOT single_lot AND allowed_lots = '{}';
-- backorders that require a single lot or certain lots
CREATE INDEX demand_selective ON demand (sku, warehouse)
    WHERE open_quantity > 0 AND (single_lot OR allowed_lots <> '{}');
