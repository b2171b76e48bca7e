"""What a product's days of life mean, beside its copy."""

from shared.migrate import product_life

revision = "lots_0002"
down_revision = "lots_0001"


def upgrade() -> None:
    product_life()
