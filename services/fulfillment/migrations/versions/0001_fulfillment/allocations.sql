-- Units and lots allocated to, picked or shipped for orders, and copies of the holds on them.

-- One row per unit while it is allocated or picked (shipment is ''), and one per shipment it was shipped with.
CREATE TABLE allocated_unit (
    sku text COLLATE "C" NOT NULL,
    serial text COLLATE "C" NOT NULL,
    shipment text COLLATE "C" NOT NULL DEFAULT '',
    order_id text COLLATE "C" NOT NULL,
    line text COLLATE "C" NOT NULL,
    demand_id text COLLATE "C" NOT NULL,
    status text NOT NULL CHECK (status IN ('ALLOCATED', 'PICKED', 'SHIPPED')),
    location text NOT NULL,
    carton text COLLATE "C",
    expiry date,
    PRIMARY KEY (sku, serial, shipment),
    CHECK ((status = 'SHIPPED') = (shipment <> ''))
);
CREATE INDEX allocated_unit_order ON allocated_unit (order_id, carton);

-- Copies of the holds of the serials service on units of orders.
CREATE TABLE unit_hold (
    sku text COLLATE "C" NOT NULL,
    serial text COLLATE "C" NOT NULL,
    hold_id text COLLATE "C" NOT NULL,
    reason text NOT NULL,
    PRIMARY KEY (sku, serial, hold_id)
);
CREATE INDEX unit_hold_hold_id ON unit_hold (hold_id);

-- A quantity of a lot for an order line; the lot of an untracked product is ''.
CREATE TABLE allocated_lot (
    allocated_lot_id text COLLATE "C" PRIMARY KEY,
    order_id text COLLATE "C" NOT NULL,
    line text COLLATE "C" NOT NULL,
    demand_id text COLLATE "C" NOT NULL,
    sku text COLLATE "C" NOT NULL,
    lot text COLLATE "C" NOT NULL,
    expiry date,
    quantity numeric(13, 6) NOT NULL CHECK (quantity > 0),
    status text NOT NULL CHECK (status IN ('ALLOCATED', 'PICKED', 'SHIPPED')),
    location text NOT NULL,
    carton text COLLATE "C",
    shipment text COLLATE "C" NOT NULL DEFAULT '',
    CHECK ((status = 'SHIPPED') = (shipment <> ''))
);
CREATE INDEX allocated_lot_order ON allocated_lot (order_id, carton);

-- Copies of the holds of the lots service: on a whole lot (location is ''), or at one location.
CREATE TABLE lot_hold (
    sku text COLLATE "C" NOT NULL,
    lot text COLLATE "C" NOT NULL,
    location text COLLATE "C" NOT NULL DEFAULT '',
    hold_id text COLLATE "C" NOT NULL,
    reason text NOT NULL,
    PRIMARY KEY (sku, lot, location, hold_id)
);
