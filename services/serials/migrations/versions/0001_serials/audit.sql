-- The audit trail: one operation is a change with its cause; one audit entry is a unit that it changed.

CREATE SEQUENCE audit_operation_id;
CREATE TABLE audit_operation (
    id bigint PRIMARY KEY,
    change text NOT NULL,
    reason text NOT NULL,
    actor text NOT NULL,
    occurred_at timestamptz NOT NULL,
    recorded_at timestamptz NOT NULL,
    cause_source text NOT NULL,
    cause_id text NOT NULL,
    receipt text,
    line text,
    order_id text,
    demand_id text,
    shipment text,
    customer text,
    return_id text,
    hold_id text,
    customer_name text,  -- with contact: whom to call about shipped units
    contact text
);

CREATE TABLE audit_entry (
    serial_id bigint NOT NULL,
    version integer NOT NULL,
    operation_id bigint NOT NULL,
    from_status status,
    status status NOT NULL,
    from_location text,
    location text,
    PRIMARY KEY (serial_id, version)
);
