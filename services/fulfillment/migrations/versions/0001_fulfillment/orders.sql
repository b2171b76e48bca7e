-- Orders, their lines and demands, early messages and the order log.

CREATE TABLE sales_order (
    order_id text COLLATE "C" PRIMARY KEY,
    warehouse text NOT NULL,
    customer text COLLATE "C" NOT NULL,
    customer_name text NOT NULL,
    ship_to text NOT NULL,
    contact text NOT NULL,
    priority smallint NOT NULL,
    backorders text NOT NULL CHECK (backorders IN ('ALLOWED', 'NOT_ALLOWED', 'SHIP_COMPLETE')),
    placed_at timestamptz NOT NULL,
    status text NOT NULL CHECK (status IN ('AWAITING_PRODUCT', 'OPEN', 'COMPLETE', 'CANCELLED')),
    packing_version integer NOT NULL,  -- incremented by each change that invalidates a dispatch check of the order
    content_hash bytea NOT NULL,       -- of the placing message: distinguishes a repeat from another order with the id
    min_remaining_shelf_life_days integer NOT NULL DEFAULT 0
);
CREATE INDEX sales_order_customer ON sales_order (customer, order_id);
CREATE INDEX sales_order_open ON sales_order (warehouse, priority DESC, placed_at) WHERE status IN ('OPEN', 'AWAITING_PRODUCT');
-- Orders by status, without a scan of all complete orders.
CREATE INDEX sales_order_unfinished ON sales_order (status, order_id) WHERE status IN ('OPEN', 'AWAITING_PRODUCT', 'CANCELLED');

CREATE TABLE order_line (
    order_id text COLLATE "C" NOT NULL,
    line text COLLATE "C" NOT NULL,
    position integer NOT NULL,
    sku text COLLATE "C" NOT NULL,
    ordered numeric(13, 6) NOT NULL,
    serials text[] NOT NULL,
    allocated numeric(13, 6) NOT NULL CHECK (allocated >= 0),
    picked numeric(13, 6) NOT NULL CHECK (picked >= 0),
    packed numeric(13, 6) NOT NULL CHECK (packed BETWEEN 0 AND picked),
    shipped numeric(13, 6) NOT NULL CHECK (shipped >= 0),
    awaiting_product boolean NOT NULL,
    cancelled boolean NOT NULL,
    lots text[] NOT NULL DEFAULT '{}',
    single_lot boolean NOT NULL DEFAULT false,
    PRIMARY KEY (order_id, line),
    CHECK (allocated + picked + shipped <= ordered)
);
CREATE INDEX order_line_awaiting_product ON order_line (sku) WHERE awaiting_product;

CREATE TABLE demand (
    demand_id text COLLATE "C" PRIMARY KEY,
    order_id text COLLATE "C" NOT NULL,
    line text COLLATE "C" NOT NULL,
    sku text COLLATE "C" NOT NULL,
    tracking text NOT NULL,
    quantity numeric(13, 6) NOT NULL,
    shortfall text NOT NULL,
    serials text[] NOT NULL,
    answered boolean NOT NULL,
    allocated_total numeric(19, 6) NOT NULL,  -- total ever allocated, whatever became of it
    closed boolean NOT NULL,
    cancelled boolean NOT NULL,
    replaces text,  -- of a swap: the serial or lot that was deallocated
    skipped_summary text NOT NULL,
    lots text[] NOT NULL DEFAULT '{}'
);
CREATE INDEX demand_order ON demand (order_id);

-- Messages that arrived before their order; they are applied when it is placed.
CREATE TABLE early_message (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    order_id text COLLATE "C" NOT NULL,
    event jsonb NOT NULL
);
CREATE INDEX early_message_order ON early_message (order_id);

CREATE TABLE order_log (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    order_id text COLLATE "C" NOT NULL,
    occurred_at timestamptz NOT NULL,
    actor text NOT NULL,
    action text NOT NULL,
    detail jsonb NOT NULL,
    source text NOT NULL,
    message_id text NOT NULL
);
CREATE INDEX order_log_order ON order_log (order_id, id);
