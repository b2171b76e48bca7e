"""Packs and shipments, passed on to the fulfillment service, and what its answers mean."""

from collections.abc import Mapping
from typing import Any

from services.console.design.station import Outcome, Progress, Verdict
from services.console.packing.queries import PackData, find_order
from services.console.page import Visit
from services.console.stations import judge, partial_verdicts
from shared.scans import classify


async def pack(visit: Visit, order: str, body: Mapping[str, Any], key: str) -> Outcome:
    """Pack the scanned items into the carton of the station."""
    scans = [classify(str(text)) for text in body.get("texts", ())]
    values = [(scan.contents.serial or scan.contents.lot or scan.value)[:64] for scan in scans]
    data = await find_order(visit, order)
    command = {"order": order, "carton": body.get("carton"), **_items(data, values, str(body.get("sku", "")))}

    async def send() -> Outcome:
        answer = await visit.fulfillment.send_items("packs", command, key)
        after = await find_order(visit, order)
        undo = {
            "carton": body.get("carton"),
            **{name: command[name] for name in ("units", "stock") if command.get(name)},
        }
        verdicts = partial_verdicts(values, answer.rejected, "Packed", undo if len(values) == 1 else None)
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


def _items(data: PackData, values: list[str], chosen: str) -> dict[str, Any]:
    """Return the loose items that scans name; an unknown one is named as scanned, so that the service says why not."""
    products = {serial: loose.sku for loose in data.loose for serial in loose.serials}
    lots = {lot: (loose, number) for loose in data.loose for lot, number in loose.lots}
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
