-- The lock waits for transactions that still write to the table, so that no row is lost.
LOCK TABLE demand_recheck IN ACCESS EXCLUSIVE MODE;

INSERT INTO outbox (topic, key, value)
SELECT 'lots.commands', sku, convert_to(CAST(json_build_object(
    'specversion', '1.0', 'source', 'tracelot/lots', 'time', now(), 'id', gen_random_uuid(),
    'type', 'lot.reallocate_backorders.v1', 'datacontenttype', 'application/json',
    'data', json_build_object('sku', sku, 'warehouse', warehouse)
) AS text), 'UTF8')
FROM demand_recheck ORDER BY sku, warehouse;

DROP TABLE demand_recheck;
