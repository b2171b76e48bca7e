ALTER TABLE ledger ADD other_lot text COLLATE "C";
COMMENT ON COLUMN ledger.other_lot IS 'of a corrected number: lot that the quantity went to or came from';
ALTER TABLE ledger DROP CONSTRAINT ledger_change_check, ADD CONSTRAINT ledger_change_check CHECK (change IN (
    'RECEIVED', 'RETURNED', 'PUT_AWAY', 'MOVED', 'PICKED', 'UNPICKED', 'SHIPPED',
    'SCRAPPED', 'LOST', 'FOUND', 'COUNT_GAIN', 'COUNT_LOSS', 'RETURNED_TO_VENDOR', 'NUMBER_CORRECTED'
)) NOT VALID;

-- Wrong lot numbers, one a line: messages of fulfillment that were sent before the correction name them.
ALTER TABLE reservation ADD former_lots text NOT NULL DEFAULT '';
ALTER TABLE picked_stock ADD former_lots text NOT NULL DEFAULT '';
