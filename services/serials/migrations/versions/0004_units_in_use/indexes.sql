-- Lists and counts by status contain the units in use: neither adjusted nor with a cancelled expectation. Each unit is in
-- one of the two indexes, so that a change of a unit writes as many index entries as with one index of all units.
DROP INDEX serial_state_by_status;
CREATE INDEX serial_state_by_status ON serial_state (status, sku, serial)
    WHERE adjustment IS NULL AND (status <> 'EXPECTED' OR receipt IS NOT NULL);
CREATE INDEX serial_state_not_in_use ON serial_state (coalesce(adjustment, ''), sku, serial)
    WHERE adjustment IS NOT NULL OR (status = 'EXPECTED' AND receipt IS NULL);
