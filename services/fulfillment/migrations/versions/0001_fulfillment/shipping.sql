-- Cartons, shipments and dispatch checks.

CREATE TABLE carton (
    carton text COLLATE "C" PRIMARY KEY,
    order_id text COLLATE "C" NOT NULL,
    shipment text COLLATE "C"
);
CREATE INDEX carton_order ON carton (order_id);
CREATE INDEX carton_shipment ON carton (shipment) WHERE shipment IS NOT NULL;

CREATE TABLE shipment (
    shipment text COLLATE "C" PRIMARY KEY,
    warehouse text NOT NULL,
    orders text[] NOT NULL,
    carrier text NOT NULL,
    tracking_number text NOT NULL,
    status text NOT NULL CHECK (status IN ('CREATED', 'DISPATCHED', 'CANCELLED')),
    check_id text COLLATE "C",
    created_at timestamptz NOT NULL,
    created_by text NOT NULL,
    dispatched_at timestamptz,
    CHECK ((status = 'DISPATCHED') = (dispatched_at IS NOT NULL))
);
-- Shipments by status, without a scan of all dispatched shipments.
CREATE INDEX shipment_unfinished ON shipment (status, shipment) WHERE status IN ('CREATED', 'CANCELLED');

CREATE TABLE dispatch_check (
    check_id text COLLATE "C" PRIMARY KEY,
    shipment text COLLATE "C" NOT NULL,
    orders text[] NOT NULL,
    packing_versions integer[] NOT NULL,  -- of each order when the check was requested
    requested_count integer NOT NULL,
    approved_count integer NOT NULL CHECK (approved_count <= requested_count),
    valid_until timestamptz,
    status text NOT NULL CHECK (status IN ('PENDING', 'DISPATCHED', 'REJECTED', 'CANCELLED')),
    reasons jsonb NOT NULL,
    requested_at timestamptz NOT NULL,
    actor text NOT NULL,
    ended_at timestamptz
);
CREATE INDEX dispatch_check_shipment ON dispatch_check (shipment);
