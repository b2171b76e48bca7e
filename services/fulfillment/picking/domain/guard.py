"""The guard at the pick: what is held or too old by now goes back instead of into a carton (S28)."""

from collections.abc import Mapping
from datetime import date
from typing import NamedTuple

from services.fulfillment.orders.domain import Goods, Order
from shared.contracts.problems import Code, Refusal
from shared.contracts.upstream import LifePolicy
from shared.stock.expiry import too_late


class Guard(NamedTuple):
    """What is looked at: the day it is in each warehouse, and what the life of each product means."""

    days: Mapping[str, date]
    lives: Mapping[str, LifePolicy]

    def no_day(self, order: Order) -> Refusal | None:
        """Before it is known what day it is in the warehouse, nothing that expires is picked there."""
        if order.warehouse in self.days or not any(one.expiry for one in order.goods):
            return None
        detail = f"no warehouse {order.warehouse} is defined: what day it is there decides what may be picked"
        return Refusal(code=Code.UNKNOWN_WAREHOUSE, detail=detail, ids=[order.warehouse])

    def why_not(self, order: Order, goods: Goods) -> Refusal | None:
        """Why goods on the pick list must not be taken; nothing if they may."""
        if goods.held:
            return Refusal(code=Code.HELD, detail=f"{goods} is on hold", ids=[goods.number], blocked_by=[goods.at])
        if goods.expiry is None:
            return None
        life = self.lives.get(goods.sku, LifePolicy())
        least = life.min_life(order.customer.id, order.min_life_days)
        match too_late(goods.expiry, self.days[order.warehouse], life.stop_pick_days, least):
            case None:
                return None
            case "expired":
                detail = f"{goods} expired on {goods.expiry}: it is given back, another is sought"
                return Refusal(code=Code.EXPIRED, detail=detail, ids=[goods.number])
            case "stop_pick":
                why = f"{life.stop_pick_days} days before that it is picked no more"
            case _:
                why = f"{least} days are demanded"
        detail = f"{goods} expires on {goods.expiry}, {why}: it is given back, another is sought"
        return Refusal(code=Code.LIFE_TOO_SHORT, detail=detail, ids=[goods.number])
