"""Lines that nobody announced: of a blind receipt, or for a unit that a supervisor accepted."""

from services.receiving.receipts.domain.desk import Desk
from services.receiving.receipts.domain.records import Line


def own_line(desk: Desk, receipt: str, sku: str) -> Line:
    """Add a line of ours to a receipt; a sender's line cannot have its name."""
    head = desk.receipts[receipt]
    desk.put_receipt(head._replace(own_lines=head.own_lines + 1))
    line = Line(receipt=receipt, line=f"+{head.own_lines + 1}", sku=sku)
    desk.put_line(line)
    return line
