"""How many decimals a product is counted with, beside it."""

from shared.migrate import product_decimals

revision = "lots_0015"
down_revision = "lots_0014"


def upgrade() -> None:
    product_decimals()
