"""How many decimals a product is counted with, beside it."""

from shared.migrate import product_decimals

revision = "serials_0007"
down_revision = "serials_0006"


def upgrade() -> None:
    product_decimals()
