"""When nothing of a recall is open any more: all answers in, all stock disposed of, every customer reached (S46).

Stock is disposed of by scrapping it or sending it back, or by lifting the recall's hold from what was found good. A
line of the call list is done once the goods are back, destroyed there, or the customer could not be reached; to have
told the customer is not enough.
"""

from typing import NamedTuple

from shared.contracts.problems import Code, Refusal
from shared.identifiers import address_of


class StillOpen(NamedTuple):
    """How much of a recall is open: products without an answer, stock and orders under its hold, lines to call."""

    mock: bool
    unanswered: int
    stock: int
    orders: int
    calls: int


def why_not_closed(recall: str, still: StillOpen) -> Refusal | None:
    """Why a recall cannot be closed; a mock one always can, as it holds nothing."""
    if still.mock:
        return None
    parts = {
        "answers": (still.unanswered, f"products not answered: {still.unanswered}"),
        "stock": (still.stock, f"stock or units still on hold: {still.stock}"),
        "orders": (still.orders, f"allocated or picked for orders: {still.orders}"),
        "calls": (still.calls, f"lines of the call list not done: {still.calls}"),
    }
    left = {name: told for name, (count, told) in parts.items() if count}
    if not left:
        return None
    blocks = [
        address_of("recalls", recall) if name == "answers" else address_of("recalls", recall, name) for name in left
    ]
    return Refusal(code=Code.RECALL_OPEN, detail="; ".join(left.values()), ids=[recall], blocked_by=blocks)
