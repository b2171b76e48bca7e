"""Products that were ordered, which fulfillment publishes: their tracking and unit are fixed."""

from shared.persistence.migrate import grant, run_sql

revision = "0011_ordered_products"
down_revision = "0010_list_indexes"


def upgrade() -> None:
    run_sql('CREATE TABLE ordered_product (sku text COLLATE "C" PRIMARY KEY)')
    grant("ordered_product", "SELECT, INSERT")
