"""The rules of orders; pure: a book of the orders concerned in, the same book changed and facts to say out."""

from services.fulfillment.orders.domain.act import Act, Entry
from services.fulfillment.orders.domain.answers import answer_counted, answer_serial
from services.fulfillment.orders.domain.book import Book, Buyer, Demand, Key, Line, Order, Shelf, Unit
from services.fulfillment.orders.domain.born import change, overtaken
from services.fulfillment.orders.domain.demands import Trackings, request, wake
from services.fulfillment.orders.domain.giveback import give_back, let_go
from services.fulfillment.orders.domain.place import place
from services.fulfillment.orders.domain.standing import Standing, UnitsHandled, handled, standing, to_come

__all__ = [
    "Act",
    "Book",
    "Buyer",
    "Demand",
    "Entry",
    "Key",
    "Line",
    "Order",
    "Shelf",
    "Standing",
    "Trackings",
    "Unit",
    "UnitsHandled",
    "answer_counted",
    "answer_serial",
    "change",
    "give_back",
    "handled",
    "let_go",
    "overtaken",
    "place",
    "request",
    "standing",
    "to_come",
    "wake",
]
