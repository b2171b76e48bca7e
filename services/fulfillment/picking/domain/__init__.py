"""The rules of picking, pure; on the book of orders."""

from services.fulfillment.picking.domain.exchange import Exchanging, exchange, exchange_stock
from services.fulfillment.picking.domain.giveback import short_pick, unpick
from services.fulfillment.picking.domain.guard import Guard
from services.fulfillment.picking.domain.holds import hold
from services.fulfillment.picking.domain.pick import pick

__all__ = ["Exchanging", "Guard", "exchange", "exchange_stock", "hold", "pick", "short_pick", "unpick"]
