"""How many decimals a product is counted with, beside it."""

from shared.migrate import product_decimals

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    product_decimals()
