"""Picks, passed on to the service, and what its answers mean."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from services.console.clients.fulfillment import PickItem
from services.console.design.station import Outcome, Progress
from services.console.page import Visit
from services.console.picking.queries import item_id
from services.console.stations import is_label_of_another, judge, partial_verdicts, read_value


async def pick(visit: Visit, order: str, body: Mapping[str, Any], key: str) -> Outcome:
    """Pick the item that a scan names; one that is not on the list is refused with what to take instead.

    The scan of a lot takes all that the list wants of it at its place.
    """
    text = str(next(iter(body.get("texts", ())), ""))
    picks = await visit.fulfillment.list_order_picks(order)
    value = read_value(text)
    item = find_item(picks.items, value, str(body.get("item", "")))
    if item and not item.serial and await is_label_of_another(visit, text, item.sku, item.expiry):
        item = None
    staging = {"order": order, "location": body.get("location")}

    async def send() -> Outcome:
        named = items_of(item) if item and not item.serial else {"scans": [text]}
        answer = await visit.fulfillment.send_items("picks", staging | named, key)
        done = [Progress(item_id(item), item.quantity, item.quantity)] if item else []
        return Outcome(partial_verdicts([text], answer.rejected, "Picked"), done)

    return await judge([value], send())


async def report_short(visit: Visit, order: str, chosen: str, reason: str, key: str) -> bool:
    """Report that an item is not at its place; returns whether the list still has it."""
    picks = await visit.fulfillment.list_order_picks(order)
    item = next((each for each in picks.items if item_id(each) == chosen), None)
    if item is None:
        return False
    await visit.fulfillment.send_items("short-picks", {"order": order, "reason": reason} | items_of(item), key)
    return True


def find_item(items: Sequence[PickItem], value: str, chosen: str) -> PickItem | None:
    """Return the item that a scan names, the chosen one if several are of the same lot."""
    matching = [item for item in items if value in {item.serial, item.lot}]
    return next((item for item in matching if item_id(item) == chosen), next(iter(matching), None))


def items_of(item: PickItem) -> dict[str, Any]:
    """Return an item as commands name it."""
    if item.serial:
        return {"units": [{"sku": item.sku, "serial": item.serial}]}
    number = item.quantity.quantize(Decimal(1)) if item.quantity == item.quantity.to_integral() else item.quantity
    stock = {
        "sku": item.sku, "lot": item.lot or "", "quantity": str(number), "line": item.line, "location": item.location
    }  # fmt: skip
    return {"stock": [stock]}
