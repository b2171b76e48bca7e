-- Written once per received lot and per dispatched order.
CREATE INDEX ledger_receipt ON ledger (receipt) WHERE change = 'RECEIVED';
CREATE INDEX consignee_customer ON consignee (customer);

-- These tables are in the order of their times: block ranges find the rows and cost the writers nothing.
CREATE INDEX ledger_recorded_at ON ledger USING brin (recorded_at) WITH (autosummarize = on);
CREATE INDEX correction_recorded_at ON correction USING brin (recorded_at) WITH (autosummarize = on);
CREATE INDEX hold_times ON hold USING brin (opened_at, released_at) WITH (autosummarize = on);
