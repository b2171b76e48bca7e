-- What the parts of ASNs say about cartons and pallets.

CREATE TABLE announced_carton (
    receipt text COLLATE "C" NOT NULL,
    part integer NOT NULL CHECK (part >= 1),
    sscc text COLLATE "C" NOT NULL,
    pallet text COLLATE "C",
    content jsonb NOT NULL,
    PRIMARY KEY (receipt, part, sscc)
);
CREATE INDEX announced_carton_sscc ON announced_carton (sscc);
CREATE INDEX announced_carton_pallet ON announced_carton (pallet) WHERE pallet IS NOT NULL;

CREATE TABLE supplier (
    supplier text COLLATE "C" PRIMARY KEY,
    receive_by_carton boolean NOT NULL,
    changed_at timestamptz NOT NULL,
    changed_by text NOT NULL
);
COMMENT ON TABLE supplier IS 'suppliers whose goods are received in a way of their own';
