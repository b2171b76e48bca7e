-- Units and lots that are allocated, picked or shipped for orders, and copies of the holds on them.

-- A unit has one row while it is allocated or picked (shipment is '') and one for every shipment that it left with.
CREATE TABLE unit (
    sku text COLLATE "C" NOT NULL,
    serial text COLLATE "C" NOT NULL,
    shipment text COLLATE "C" NOT NULL DEFAULT '',
    order_id text COLLATE "C" NOT NULL,
    line text COLLATE "C" NOT NULL,
    demand text COLLATE "C" NOT NULL,
    status text NOT NULL CHECK (status IN ('ALLOCATED', 'PICKED', 'SHIPPED')),
    location text NOT NULL,
    carton text COLLATE "C",
    expiry date,
    PRIMARY KEY (sku, serial, shipment),
    CHECK ((status = 'SHIPPED') = (shipment <> ''))
);
CREATE INDEX unit_order ON unit (order_id, carton);

-- copies of the holds of serials on units of orders
CREATE TABLE unit_hold (
    sku text COLLATE "C" NOT NULL,
    serial text COLLATE "C" NOT NULL,
    hold text COLLATE "C" NOT NULL,
    reason text NOT NULL,
    PRIMARY KEY (sku, serial, hold)
);
CREATE INDEX unit_hold_hold ON unit_hold (hold);

-- A quantity of a lot for an order; of an untracked product the lot is ''.
CREATE TABLE pile (
    pile text COLLATE "C" PRIMARY KEY,
    order_id text COLLATE "C" NOT NULL,
    line text COLLATE "C" NOT NULL,
    demand text COLLATE "C" NOT NULL,
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
CREATE INDEX pile_order ON pile (order_id, carton);

-- copies of the holds of lots: on a lot everywhere (location is ''), or at one location
CREATE TABLE lot_hold (
    sku text COLLATE "C" NOT NULL,
    lot text COLLATE "C" NOT NULL,
    location text COLLATE "C" NOT NULL DEFAULT '',
    hold text COLLATE "C" NOT NULL,
    reason text NOT NULL,
    PRIMARY KEY (sku, lot, location, hold)
);
