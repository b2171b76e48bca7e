"""Packs and shipments, passed on to the fulfillment service, and what its answers mean."""

from collections.abc import Mapping
from typing import Any

from services.console.design.station import Outcome, Progress, Verdict
from services.console.packing.queries import PackData, find_order
from services.console.page import Visit
from services.console.stations import is_label_of_another, judge, partial_verdicts, read_value


async def pack(visit: Visit, order: str, body: Mapping[str, Any], key: str) -> Outcome:
    """Pack the scanned items into the carton of the station."""
    texts = [str(text) for text in body.get("texts", ())]
    values = [read_value(text) for text in texts]
    items = _items(await find_order(visit, order), values, str(body.get("sku", "")))
    is_typed = body.get("is_listed") or ("stock" in items and not await _has_wrong_label(visit, texts, items["stock"]))
    named = items if is_typed else {"scans": texts}
    command = {"order": order, "carton": body.get("carton"), **named}

    async def send() -> Outcome:
        answer = await visit.fulfillment.send_items("packs", command, key)
        after = await find_order(visit, order)
        undo = {"carton": body.get("carton"), **items} if len(texts) == 1 else None
        verdicts = partial_verdicts(texts, answer.rejected, "Packed", undo)
        return Outcome(verdicts, [Progress(each.line, each.packed, each.total) for each in after.loose])

    return await judge(values, send())


async def unpack(visit: Visit, order: str, body: Mapping[str, Any], key: str) -> Outcome:
    """Take an item out of its carton again."""
    items = {name: body[name] for name in ("units", "stock") if body.get(name)}
    first: dict[str, Any] = next(iter(next(iter(items.values()), [{}])), {})
    text = str(first.get("serial") or first.get("lot") or "")

    async def send() -> Outcome:
        await visit.fulfillment.send_items("unpacks", {"order": order, "carton": body.get("carton"), **items}, key)
        after = await find_order(visit, order)
        progress = [Progress(each.line, each.packed, each.total) for each in after.loose]
        return Outcome([Verdict(text, "warn", "Undone", undid=text)], progress)

    return await judge([text], send())


async def _has_wrong_label(visit: Visit, texts: list[str], stock: list[dict[str, Any]]) -> bool:
    """Return whether a label of a lot names another product."""
    products = {each["lot"]: each["sku"] for each in stock}
    lots = [(text, products[value]) for text in texts if (value := read_value(text)) in products]
    return any([await is_label_of_another(visit, text, sku) for text, sku in lots])


def _items(data: PackData, values: list[str], chosen: str) -> dict[str, Any]:
    """Return the loose items that scans name; an unknown one is named as scanned, of the chosen product."""
    products = {serial: loose.sku for loose in data.loose for serial in loose.serials}
    by_choice = sorted(data.loose, key=lambda loose: loose.sku == chosen)  # a lot of several products: the chosen one
    lots = {lot: (loose, number) for loose in by_choice for lot, number in loose.lots}
    sku = chosen or next((loose.sku for loose in data.loose), "UNKNOWN")
    units = [{"sku": products.get(value, sku), "serial": value} for value in values if value not in lots]
    stock = [
        {"sku": lots[value][0].sku, "lot": value, "quantity": str(lots[value][1]), "line": lots[value][0].line}
        for value in values
        if value in lots
    ]
    return {name: items for name, items in (("units", units), ("stock", stock)) if items}


async def ship(visit: Visit, order: str, key: str) -> str:
    """Create a shipment of the cartons of an order that are in none; returns its number."""
    data = await find_order(visit, order)
    cartons = [carton.carton for carton in data.cartons if not carton.shipment]
    number = len({carton.shipment for carton in data.cartons if carton.shipment}) + 1
    body = {"shipment": f"SH-{order}-{number}"[:64], "orders": [order], "cartons": cartons}
    return (await visit.fulfillment.create_shipment(body, key)).shipment
