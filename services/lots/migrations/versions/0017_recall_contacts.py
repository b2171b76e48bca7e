"""Contact marks name customer and order; the contact list shows the address and the marks that name no customer."""

from pathlib import Path

from shared.persistence.migrate import grant, scripts

revision = "0017_recall_contacts"
breaks_before = "0017_recall_contacts"  # older versions would write marks that settle no customer
down_revision = "0016_recall_index"


def upgrade() -> None:
    scripts(Path(__file__).with_suffix(""), "lines", "marks", "contacts")
    grant("contact_line, recall_contact_status", "SELECT")
