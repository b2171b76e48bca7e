-- The indexes of available units stay as they are: few units are blocked, and allocations skip them.

ALTER TABLE serial_state ADD COLUMN is_blocked boolean NOT NULL DEFAULT false;
COMMENT ON COLUMN serial_state.is_blocked IS 'stored at a location from which nothing is allocated';

UPDATE serial_state AS s SET is_blocked = true FROM location AS l
WHERE l.type <> 'STORAGE' AND s.warehouse = split_part(l.location, '/', 1) AND s.location = l.location
    AND s.status IN ('IN_INVENTORY', 'ALLOCATED');
