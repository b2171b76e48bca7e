"""Variances of short picks; open holds of short picks become variances of what they held."""

from pathlib import Path

from shared.persistence.migrate import grant, scripts

revision = "0008_variances"
breaks_before = "0008_variances"  # older versions would allocate stock under investigation
down_revision = "0007_picked_locations"


def upgrade() -> None:
    scripts(Path(__file__).with_suffix(""), "variances")
    grant("balance", "UPDATE (missing)")
    grant("variance", "SELECT, INSERT, UPDATE (quantity, missing, settled_by, settled_at, settlement)")
