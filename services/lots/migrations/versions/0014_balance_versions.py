"""Balances have a version and the quantity picked there; picked stock of which the location is known has a balance."""

from pathlib import Path

from shared.persistence.migrate import grant, scripts

revision = "0014_balance_versions"
breaks_before = "0014_balance_versions"  # older versions would change stock without its version and picked quantity
down_revision = "0013_counts"


def upgrade() -> None:
    scripts(Path(__file__).with_suffix(""), "balances")
    grant("balance", "UPDATE (picked, version)")
