"""Notices are matched by date and numbers without blanks and case; a dry run may be replaced."""

from pathlib import Path

from shared.persistence.migrate import grant, scripts

revision = "0019_recall_notices"
breaks_before = "0019_recall_notices"  # older versions would compare lots with other criteria
down_revision = "0018_lot_keys"


def upgrade() -> None:
    scripts(Path(__file__).with_suffix(""), "notices", "contacts", "units")
    grant("contact_line, recall_contact_status, recall_unit_totals", "SELECT")
    grant("recall, recall_product, recall_lot, recall_unit", "DELETE")
