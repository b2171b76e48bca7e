"""Products that were ordered; those of kept orders are published to receiving."""

from shared.persistence.migrate import grant, run_sql

revision = "0012_ordered_products"
down_revision = "0011_awaiting_warehouses"


def upgrade() -> None:
    run_sql('CREATE TABLE ordered_product (sku text COLLATE "C" PRIMARY KEY)')
    run_sql("INSERT INTO ordered_product (sku) SELECT DISTINCT sku FROM order_line")
    run_sql("""
        INSERT INTO outbox (topic, key, value)
        SELECT 'ordered-products', sku, convert_to(CAST(json_build_object(
            'specversion', '1.0', 'source', 'tracelot/fulfillment', 'time', now(), 'id', gen_random_uuid(),
            'type', 'product.ordered.v1', 'datacontenttype', 'application/json',
            'data', json_strip_nulls(json_build_object('sku', sku, 'ordered_version', product.version))
        ) AS text), 'UTF8')
        FROM ordered_product LEFT JOIN product USING (sku) ORDER BY sku
    """)
    grant("ordered_product", "SELECT, INSERT")
