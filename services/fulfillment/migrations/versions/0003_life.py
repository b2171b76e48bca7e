"""What a product's days of life mean, beside its copy."""

from shared.migrate import product_life

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None


def upgrade() -> None:
    product_life()
