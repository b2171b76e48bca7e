-- Pools of backorders that await a recheck after a time-zone change; dropped by a later migration.

CREATE TABLE demand_recheck (
    sku text COLLATE "C" NOT NULL,
    warehouse text COLLATE "C" NOT NULL,
    PRIMARY KEY (sku, warehouse)
);
