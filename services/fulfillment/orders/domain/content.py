"""What lies in cartons, line by line: a serial, or how much of a lot for an order line."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from services.fulfillment.orders.domain.goods import NOTHING, Goods, Unit
from shared.contracts.counted import PackedStock
from shared.contracts.fulfillment import PackedUnit

Content = PackedUnit | PackedStock


def contents(goods: Iterable[Goods]) -> list[Content]:
    """The content lines of cartons: each serial, and how much of a lot for an order line."""
    lines: list[Content] = []
    stock: dict[tuple[str, str, str], Decimal] = {}
    for one in goods:
        if isinstance(one, Unit):
            lines.append(PackedUnit(line=one.line, sku=one.sku, serial=one.serial))
        else:
            key = (one.line, one.sku, one.lot)
            stock[key] = stock.get(key, NOTHING) + one.quantity
    return lines + [
        PackedStock(line=line, sku=sku, lot=lot, quantity=quantity) for (line, sku, lot), quantity in stock.items()
    ]


def parted(content: Iterable[Content]) -> dict[str, Any]:
    """Content lines as the fields of a fact."""
    lines = list(content)
    return {
        "units": [line for line in lines if isinstance(line, PackedUnit)],
        "stock": [line for line in lines if isinstance(line, PackedStock)],
    }


def listed(goods: Iterable[Goods]) -> dict[str, Any]:
    """Goods as an order's log names them."""
    some = list(goods)
    serials = [one.serial for one in some if isinstance(one, Unit)]
    stock = [{"sku": line.sku, **_shown(line)} for line in contents(some) if isinstance(line, PackedStock)]
    return ({"serials": serials} if serials else {}) | ({"stock": stock} if stock else {})


def _shown(line: PackedStock) -> dict[str, Any]:
    return line.model_dump(mode="json", include={"lot", "quantity"})
