"""Stock that was received at a location counts as stored only by a putaway."""

from pathlib import Path

from shared.persistence.migrate import grant, scripts

revision = "0012_staged_stock"
breaks_before = "0012_staged_stock"  # older versions would allocate stock that was not put away
down_revision = "0011_location_activity"


def upgrade() -> None:
    scripts(Path(__file__).with_suffix(""), "staged_stock")
    grant("balance", "UPDATE (staged)")
