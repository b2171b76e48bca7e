"""Picks, passed on to the service, and what its answers mean."""

from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from services.console.clients.fulfillment import PickItem
from services.console.design.problems import Refusal
from services.console.design.station import Outcome, Progress, Verdict, refusal_verdict
from services.console.page import Visit
from services.console.picking.queries import item_id
from services.console.stations import judge
from shared.scans import classify


async def pick(visit: Visit, order: str, body: Mapping[str, Any], key: str) -> Outcome:
    """Pick the item that a scan names; one that is not on the list is refused with what to take instead."""
    text = str(next(iter(body.get("texts", ())), ""))
    picks = await visit.fulfillment.list_order_picks(order)
    value = read_value(text)
    item = find_item(picks.items, value, str(body.get("item", "")))
    staging = {"order": order, "location": body.get("location")}

    async def send() -> Outcome:
        if item is None:
            sku = str(body.get("sku") or next((each.sku for each in picks.items), ""))
            if not sku:
                gone = Refusal("", "Nothing is left to pick", "", "It is picked, or nothing is allocated to it yet.")
                return Outcome([refusal_verdict(text, gone)])
            await visit.fulfillment.send_items("picks", staging | {"units": [{"sku": sku, "serial": value}]}, key)
            return Outcome([Verdict(value, "good", "Picked")])
        await visit.fulfillment.send_items("picks", staging | items_of(item), key)
        return Outcome([Verdict(value, "good", "Picked")], [Progress(item_id(item), item.quantity, item.quantity)])

    return await judge([value], send())


async def report_short(visit: Visit, order: str, chosen: str, reason: str, key: str) -> bool:
    """Report that an item is not at its place; returns whether the list still has it."""
    picks = await visit.fulfillment.list_order_picks(order)
    item = next((each for each in picks.items if item_id(each) == chosen), None)
    if item is None:
        return False
    await visit.fulfillment.send_items("short-picks", {"order": order, "reason": reason} | items_of(item), key)
    return True


def read_value(text: str) -> str:
    """Return the serial or lot number of a label, or the text without what scanners add."""
    scan = classify(text)
    return (scan.contents.serial or scan.contents.lot or scan.value)[:64]


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
