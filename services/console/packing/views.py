"""Pages of packing: orders with picked items, and the cartons of one."""

import json
from uuid import uuid4

from htpy import Element, Node, a, button, div, form, h2, li, p, section, span, ul
from htpy import input as input_

from services.console.clients.fulfillment import Order
from services.console.clients.http import path_of
from services.console.design.formats import quantity
from services.console.design.layout import heading
from services.console.design.parts import empty, failed, joined, notice
from services.console.design.problems import Refusal, refused
from services.console.design.station import Place, Progress, Station, Task, station
from services.console.design.words import count, say
from services.console.packing.queries import CartonContent, PackData
from services.console.page import FailedPart


def orders_page(found: list[Order] | FailedPart) -> Node:
    """Show orders with picked items."""
    return [
        heading(say("Packing")),
        div(
            ".stack", id="orders", data_fragment="", hx_get="/packing/list",
            hx_trigger="counts from:body delay:1s, refresh", hx_swap="innerMorph",
        )[orders_list(found)],
    ]  # fmt: skip


def orders_list(found: list[Order] | FailedPart) -> Node:
    """Show orders as a list, or why there is none."""
    if isinstance(found, FailedPart):
        return failed(found.service, "/packing")
    if not found:
        return empty("packing", say("Nothing to pack"), say("Orders appear here once something of them is picked."))
    return ul(".list")[
        (
            li[
                a(href=path_of("packing", order.order))[
                    span(".title")[order.order],
                    span(".side-note")[say("{number} to pack", number=quantity(order.picked - order.packed))],
                    span(".below")[joined(order.customer_name or order.customer, order.warehouse)],
                ]
            ]
            for order in found
        )
    ]


def order_page(data: PackData, *, may_ship: bool, refusal: Refusal | None = None) -> Node:
    """Show loose items with the station that packs them, and the cartons."""
    order = data.order
    base = path_of("packing", order.order)
    about = joined(order.customer_name or order.customer, order.ship_to)
    left = [each for each in data.loose if each.serials or each.lots]
    return [
        heading(order.order, about, back=(say("Packing"), "/packing")),
        refusal and refused(refusal),
        _station(data, base, may_pack=may_ship) if left else None,
        cartons_part(data, may_ship=may_ship),
    ]


def cartons_part(data: PackData, *, may_ship: bool) -> Element:
    """Show the cartons and, once nothing is loose, how to ship them; it is asked for anew after each scan."""
    base = path_of("packing", data.order.order)
    left = [each for each in data.loose if each.serials or each.lots]
    return section(
        ".stack", id="cartons", aria_labelledby="cartons-title", data_fragment="", data_after_scan="",
        hx_get=f"{base}/cartons", hx_trigger="order from:body, refresh", hx_swap="outerMorph",
    )[
        None if left else _nothing_left(data, base, may_ship=may_ship),
        h2(id="cartons-title")[say("Cartons")],
        _cartons(data),
    ]  # fmt: skip


def _station(data: PackData, base: str, *, may_pack: bool) -> Node:
    tasks = [
        Task(
            each.sku, each.sku, joined(*each.serials[:3], *(lot for lot, _ in each.lots[:3])),
            Progress(each.line, each.packed, each.total), is_chosen=number == 0,
        )
        for number, each in enumerate(data.loose)
    ]  # fmt: skip
    shown = Station(
        lane=f"pack:{data.order.order}", path=f"{base}/scans", undo_path=f"{base}/undos",
        body={"session": f"pack:{data.order.order}"}, tasks=tasks, tasks_label=say("Loose items"),
        place=Place(
            "carton", say("Carton"), [data.next_carton, *(each.carton for each in data.cartons)], data.next_carton,
            is_open=True,
        ),
    )  # fmt: skip
    loose = [number for each in data.loose for number in (*each.serials, *(lot for lot, _ in each.lots))]
    every = button(type="button", data_all=json.dumps(loose))[count(len(loose), "{number} item", "All {number} items")]
    return station(shown, every, may_scan=may_pack)


def _nothing_left(data: PackData, base: str, *, may_ship: bool) -> Node:
    ready = [carton for carton in data.cartons if not carton.shipment]
    if not ready:
        advice = say("What is picked of this order is packed, and its cartons are in a shipment.")
        return empty("packing", say("Nothing to pack"), advice, a(".button", href="/shipping")[say("Shipping")])
    text = count(len(ready), "{number} carton is ready", "{number} cartons are ready")
    if not may_ship:
        return notice("good", text)
    return notice(
        "good",
        text,
        p[say("All that is picked is packed.")],
        form(method="post", action=f"{base}/shipment")[
            input_(type="hidden", name="key", value=str(uuid4())),
            button(".primary", type="submit")[say("Make a shipment of it")],
        ],
    )


def _cartons(data: PackData) -> Node:
    if not data.cartons:
        return p(".quiet")[say("None yet: the first item opens one.")]
    return ul(".list")[(li[_carton(carton)] for carton in data.cartons)]


def _carton(carton: CartonContent) -> Element:
    items = ", ".join(f"{name} × {quantity(number)}" if number != 1 else name for _, name, number in carton.items[:12])
    more = f" +{len(carton.items) - 12}" if len(carton.items) > 12 else ""
    return div(".line")[
        span(".title.serial")[carton.carton],
        span(".side-note")[
            a(href=path_of("shipping", carton.shipment))[carton.shipment]
            if carton.shipment
            else count(len(carton.items), "{number} item", "{number} items")
        ],
        span(".below.serial")[items + more],
    ]
