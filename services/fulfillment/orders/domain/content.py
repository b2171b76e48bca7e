"""What lies in cartons, line by line: a serial, or how much of a lot for an order line."""

from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

from services.fulfillment.orders.domain.goods import NOTHING, Goods, Pile, Unit
from shared.contracts.counted import LotQuantity, PackedStock
from shared.contracts.fulfillment import PackedUnit

Content = PackedUnit | PackedStock


def contents(goods: Sequence[Goods]) -> list[Content]:
    """The content lines of cartons: each serial, and how much of a lot for an order line."""
    units = [PackedUnit(line=one.line, sku=one.sku, serial=one.serial) for one in goods if isinstance(one, Unit)]
    return [*units, *stocked(goods)]


def stocked(goods: Iterable[Goods]) -> list[PackedStock]:
    """The content lines of what is counted."""
    return [PackedStock(line=line, sku=sku, lot=lot, quantity=much) for (line, sku, lot), much in summed(goods).items()]


def summed(goods: Iterable[Goods]) -> dict[tuple[str, str, str], Decimal]:
    """How much there is by line, product and lot of what is counted."""
    sums: dict[tuple[str, str, str], Decimal] = {}
    for one in goods:
        if isinstance(one, Pile):
            key = (one.line, one.sku, one.lot)
            sums[key] = sums.get(key, NOTHING) + one.quantity
    return sums


def many(goods: Sequence[Goods]) -> int:
    """How many content lines that is."""
    return sum(isinstance(one, Unit) for one in goods) + len(summed(goods))


def parted(content: Iterable[Content]) -> dict[str, Any]:
    """Content lines as the fields of a fact."""
    lines = list(content)
    return {
        "units": [line for line in lines if isinstance(line, PackedUnit)],
        "stock": [line for line in lines if isinstance(line, PackedStock)],
    }


def listed(goods: Sequence[Goods]) -> dict[str, Any]:
    """Goods as an order's log names them."""
    serials = [one.serial for one in goods if isinstance(one, Unit)]
    stock = [
        {"sku": line.sku, **line.model_dump(mode="json", include=set(LotQuantity.model_fields))}
        for line in stocked(goods)
    ]
    return ({"serials": serials} if serials else {}) | ({"stock": stock} if stock else {})
