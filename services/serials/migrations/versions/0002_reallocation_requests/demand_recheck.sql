-- The lock waits for transactions that still write to the table, so that no row is lost.
LOCK TABLE demand_recheck IN ACCESS EXCLUSIVE MODE;

INSERT INTO outbox (topic, key, value)
SELECT 'serials.commands', sku, convert_to(CAST(json_build_object(
    'specversion', '1.0', 'source', 'tracelot/serials', 'time', now(), 'id', gen_random_uuid(),
    'type', 'serial.reallocate_backorders.v1', 'datacontenttype', 'application/json',
    'data', json_build_object('sku', sku, 'warehouse', warehouse)
) AS text), 'UTF8')
FROM demand_recheck ORDER BY sku, warehouse;

DROP TABLE demand_recheck;
