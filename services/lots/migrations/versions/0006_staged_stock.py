"""Stock that was received at a location counts as stored only by a putaway."""

from pathlib import Path

from shared.persistence.migrate import grant, scripts

revision = "0006_staged_stock"
down_revision = "0005_location_activity"


def upgrade() -> None:
    scripts(Path(__file__).with_suffix(""), "staged_stock")
    grant("balance", "UPDATE (staged)")
