"""The rules of orders; pure: a book of the orders concerned in, the same book changed and facts to say out."""

from services.fulfillment.orders.domain.act import Act, Entry, close_all
from services.fulfillment.orders.domain.answers import answered
from services.fulfillment.orders.domain.book import Book, Buyer, Demand, Line, Order
from services.fulfillment.orders.domain.born import change, overtaken
from services.fulfillment.orders.domain.demands import request, wake
from services.fulfillment.orders.domain.giveback import give_back, let_go, seek
from services.fulfillment.orders.domain.goods import Goods, Key, Pile, Unit
from services.fulfillment.orders.domain.place import place
from services.fulfillment.orders.domain.products import Product, Products
from services.fulfillment.orders.domain.shelf import Shelf
from services.fulfillment.orders.domain.standing import GoodsHandled, Standing, handled, standing, to_come

__all__ = [
    "Act",
    "Book",
    "Buyer",
    "Demand",
    "Entry",
    "Goods",
    "GoodsHandled",
    "Key",
    "Line",
    "Order",
    "Pile",
    "Product",
    "Products",
    "Shelf",
    "Standing",
    "Unit",
    "answered",
    "change",
    "close_all",
    "give_back",
    "handled",
    "let_go",
    "overtaken",
    "place",
    "request",
    "seek",
    "standing",
    "to_come",
    "wake",
]
