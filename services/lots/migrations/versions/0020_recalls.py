"""Contact marks name customer and order; notices are matched by barcode, date and without blanks and case."""

from pathlib import Path

from shared.persistence.migrate import grant, scripts

revision = "0020_recalls"
breaks_before = "0020_recalls"  # older versions would write marks that settle no customer
down_revision = "0014_balance_versions"


def upgrade() -> None:
    scripts(Path(__file__).with_suffix(""), "lines", "marks", "contacts", "notices")
    grant("contact_line, recall_contact_status", "SELECT")
    grant("product_barcode", "SELECT, INSERT, DELETE")
    grant("recall, recall_product, recall_lot, recall_unit", "DELETE")
