"""Units stored at locations from which nothing is allocated are blocked."""

from pathlib import Path

from shared.persistence.migrate import grant, scripts

revision = "0010_blocked_units"
breaks_before = "0010_blocked_units"  # older versions would allocate blocked units
down_revision = "0009_location_activity"


def upgrade() -> None:
    scripts(Path(__file__).with_suffix(""), "blocked_units")
    grant("serial_state", "UPDATE (is_blocked)")
