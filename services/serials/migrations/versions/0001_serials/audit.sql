-- The audit trail: an act is one change with its cause, and has an audit row for each unit that it changed.

CREATE SEQUENCE act_id;
CREATE TABLE act (
    id bigint PRIMARY KEY,
    change text NOT NULL,
    reason text NOT NULL,
    actor text NOT NULL,
    occurred timestamptz NOT NULL,
    recorded timestamptz NOT NULL,
    cause_source text NOT NULL,
    cause_id text NOT NULL,
    receipt text,
    line text,
    order_id text,
    demand text,
    shipment text,
    customer text,
    return_id text,
    hold text,
    customer_name text,  -- with contact: whom to call about units that have shipped
    contact text
);

CREATE TABLE audit (
    serial_id bigint NOT NULL,
    version integer NOT NULL,
    act bigint NOT NULL,
    from_status status,
    status status NOT NULL,
    from_location text,
    location text,
    PRIMARY KEY (serial_id, version)
);
