-- Reference data owned by receiving: products, barcodes, warehouses, locations and their change logs.

CREATE TABLE product (
    sku text COLLATE "C" PRIMARY KEY,
    version bigint NOT NULL,
    name text NOT NULL,
    unit text NOT NULL,
    tracking text NOT NULL CHECK (tracking IN ('SERIAL', 'LOT', 'NONE')),
    shelf_life jsonb NOT NULL DEFAULT '{}',
    decimals smallint NOT NULL DEFAULT 6 CHECK (decimals BETWEEN 0 AND 6)
);

CREATE TABLE barcode (
    code text COLLATE "C" PRIMARY KEY,
    sku text COLLATE "C" NOT NULL,
    quantity integer NOT NULL
);
CREATE INDEX barcode_sku ON barcode (sku);

CREATE TABLE product_change (
    sku text COLLATE "C" NOT NULL,
    version bigint NOT NULL,
    changed_at timestamptz NOT NULL,
    actor text NOT NULL,
    source text NOT NULL,
    message text NOT NULL,
    before jsonb,
    after jsonb NOT NULL,
    PRIMARY KEY (sku, version)
);

CREATE TABLE warehouse (
    warehouse text COLLATE "C" PRIMARY KEY,
    version bigint NOT NULL,
    name text NOT NULL,
    time_zone text NOT NULL
);

CREATE TABLE location (
    location text COLLATE "C" PRIMARY KEY,
    version bigint NOT NULL,
    type text NOT NULL CHECK (type IN ('DOCK', 'STAGING', 'STORAGE')),
    pick_sequence integer NOT NULL
);

-- Changes of warehouses and locations.
CREATE TABLE location_change (
    location text COLLATE "C" NOT NULL,
    version bigint NOT NULL,
    changed_at timestamptz NOT NULL,
    actor text NOT NULL,
    source text NOT NULL,
    message text NOT NULL,
    before jsonb,
    after jsonb NOT NULL,
    PRIMARY KEY (location, version)
);
