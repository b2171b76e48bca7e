ALTER TABLE balance ADD COLUMN staged numeric NOT NULL DEFAULT 0;
COMMENT ON COLUMN balance.staged IS 'on-hand quantity that was received there and not put away';
COMMENT ON COLUMN balance.is_storage IS 'stock that was put away there can be allocated';

-- Whether stock at docks was put away there before, is not known.
UPDATE balance SET staged = on_hand - allocated WHERE NOT is_storage AND on_hand > allocated;
ALTER TABLE balance ADD CONSTRAINT balance_staged CHECK (0 <= staged AND staged <= on_hand) NOT VALID;
