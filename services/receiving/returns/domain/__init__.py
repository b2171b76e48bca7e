"""What may come back, and what becomes of it."""

from services.receiving.returns.domain.disposing import dispose
from services.receiving.returns.domain.receiving import receive
from services.receiving.returns.domain.records import Book, Return, ReturnUnit
from services.receiving.returns.domain.shipping import ship

__all__ = ["Book", "Return", "ReturnUnit", "dispose", "receive", "ship"]
