"""Conditions for closing a recall: all answers received, all stock disposed of, all customers contacted (S46).

Stock is disposed of when it is scrapped, returned to the vendor or released from the recall's hold. A contact line is
done when the stock is returned or destroyed, or the customer is unreachable; NOTIFIED is not enough.
"""

from collections.abc import Sequence
from typing import NamedTuple

from shared.contracts.problems import Code, ProblemDetail
from shared.identifiers import resource_path


class OpenItemCounts(NamedTuple):
    """Open items of a recall: products without an answer, stock and orders on hold, contact lines."""

    mock: bool
    unanswered: int
    stock: int
    orders: int
    contacts: int
    customers: Sequence[str] = ()
    """The first customers with an open contact line."""


def closing_violation(recall: str, open_counts: OpenItemCounts) -> ProblemDetail | None:
    """Return why a recall cannot be closed; a mock recall always can."""
    if open_counts.mock:
        return None
    customers = f" ({', '.join(open_counts.customers)})" if open_counts.customers else ""
    open_items = {
        "answers": (open_counts.unanswered, f"products without an answer: {open_counts.unanswered}"),
        "stock": (open_counts.stock, f"stock on hold: {open_counts.stock}"),
        "orders": (open_counts.orders, f"order lines with stock on hold: {open_counts.orders}"),
        "contacts": (open_counts.contacts, f"open contact lines: {open_counts.contacts}{customers}"),
    }
    open_texts = {name: text for name, (count, text) in open_items.items() if count}
    if not open_texts:
        return None
    blocked_by = [
        resource_path("recalls", recall) if name == "answers" else resource_path("recalls", recall, name)
        for name in open_texts
    ]
    return ProblemDetail(
        code=Code.RECALL_OPEN, detail="; ".join(open_texts.values()), ids=[recall], blocked_by=blocked_by
    )
