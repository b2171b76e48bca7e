-- Ledger entries, holds and corrections of a lot share one sequence, under the lock of its product. Kept holds and
-- corrections get numbers in the order of their times, after the kept ledger entries.
ALTER TABLE hold ADD opened_number bigint, ADD released_number bigint;
ALTER TABLE correction ADD number bigint;

CREATE TEMP TABLE kept_entry ON COMMIT DROP AS
SELECT kind, id, nextval('ledger_id_seq') AS number FROM (
    SELECT 'PLACED' AS kind, id, opened_at AS recorded_at FROM hold
    UNION ALL SELECT 'RELEASED', id, released_at FROM hold WHERE released_at IS NOT NULL
    UNION ALL SELECT 'CORRECTED', id, recorded_at FROM correction
    ORDER BY recorded_at, id
) AS entry;
UPDATE hold SET opened_number = k.number FROM kept_entry AS k WHERE k.kind = 'PLACED' AND k.id = hold.id;
UPDATE hold SET released_number = k.number FROM kept_entry AS k WHERE k.kind = 'RELEASED' AND k.id = hold.id;
UPDATE correction SET number = k.number FROM kept_entry AS k WHERE k.kind = 'CORRECTED' AND k.id = correction.id;

ALTER TABLE hold ALTER opened_number SET DEFAULT nextval('ledger_id_seq'), ALTER opened_number SET NOT NULL;
ALTER TABLE correction ALTER number SET DEFAULT nextval('ledger_id_seq'), ALTER number SET NOT NULL;

CREATE INDEX hold_lot ON hold (sku, lot, opened_number);
CREATE INDEX hold_lot_released ON hold (sku, lot, released_number) WHERE released_number IS NOT NULL;
DROP INDEX correction_lot;
CREATE INDEX correction_lot ON correction (sku, lot, number);
