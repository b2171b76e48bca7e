"""What may come back, and what becomes of it."""

from services.receiving.returns.domain.disposing import dispose
from services.receiving.returns.domain.receiving import receive
from services.receiving.returns.domain.records import Book, LotDisposition, Return, ReturnLot, ReturnUnit, Shipped
from services.receiving.returns.domain.shipping import ship, ship_lots

__all__ = [
    "Book",
    "LotDisposition",
    "Return",
    "ReturnLot",
    "ReturnUnit",
    "Shipped",
    "dispose",
    "receive",
    "ship",
    "ship_lots",
]
