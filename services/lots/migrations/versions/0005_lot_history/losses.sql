-- The few entries that tell how much of a lot is missing, for the explanation of allocations.
CREATE INDEX ledger_loss ON ledger (sku, warehouse, lot) WHERE change IN ('LOST', 'COUNT_LOSS', 'FOUND', 'COUNT_GAIN');
