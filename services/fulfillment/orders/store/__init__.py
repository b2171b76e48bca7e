"""The book from the database and back, one statement a table; and messages that overtook their order."""

from services.fulfillment.orders.store.load import load
from services.fulfillment.orders.store.overtaking import forget, overtaken, remember
from services.fulfillment.orders.store.save import save
from services.fulfillment.orders.store.waiting import waiting_for

__all__ = ["forget", "load", "overtaken", "remember", "save", "waiting_for"]
