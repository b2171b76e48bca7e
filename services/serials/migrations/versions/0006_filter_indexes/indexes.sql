-- Written at the dispatch only; allocated and picked units of a customer are found by their status.
CREATE INDEX serial_state_customer ON serial_state (customer, sku, serial) WHERE shipment IS NOT NULL;
CREATE INDEX serial_state_shipment ON serial_state (shipment) WHERE shipment IS NOT NULL;

-- Units without an expiry are not in the index.
CREATE INDEX serial_state_expiry ON serial_state (expiry, sku, serial) WHERE expiry IS NOT NULL;

-- The audit trail is in the order of its times: block ranges find the entries and cost the writers nothing.
CREATE INDEX audit_operation_receipt ON audit_operation (receipt) WHERE change IN ('EXPECTED', 'RECEIVED');
CREATE INDEX audit_operation_recorded_at ON audit_operation USING brin (recorded_at) WITH (autosummarize = on);
CREATE INDEX audit_entry_operation ON audit_entry USING brin (operation_id)
    WITH (autosummarize = on, pages_per_range = 32);
