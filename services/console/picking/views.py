"""Pages of picking: orders with something to pick, the walk of one, and what is missing at its place."""

from collections.abc import Sequence
from decimal import Decimal
from uuid import uuid4

from htpy import Element, Node, a, button, div, fieldset, form, label, legend, li, option, p, select, span, ul
from htpy import input as input_

from services.console.clients.fulfillment import PickItem
from services.console.clients.http import path_of
from services.console.design.formats import day, quantity
from services.console.design.layout import heading
from services.console.design.parts import empty, failed, joined, notice
from services.console.design.problems import Refusal, refused
from services.console.design.station import Place, Progress, Station, Task, station
from services.console.design.words import count, say
from services.console.page import FailedPart
from services.console.picking.queries import PickData, Walk, item_id

REASONS = ("Not at its place", "Damaged", "Place is not reachable")


def walks_page(found: tuple[list[str], list[Walk]] | FailedPart, warehouse: str) -> Node:
    """Show the orders with something to pick."""
    return [
        heading(say("Picking")),
        _warehouse_choice(found[0], warehouse) if not isinstance(found, FailedPart) else None,
        div(
            ".stack", id="walks", data_fragment="", hx_get=f"/picking/list?warehouse={warehouse}",
            hx_trigger="counts from:body delay:1s, refresh", hx_swap="innerMorph",
        )[walks_list(found)],
    ]  # fmt: skip


def _warehouse_choice(names: Sequence[str], warehouse: str) -> Element | None:
    if len(names) < 2:
        return None
    return form(".place", action="/picking")[
        label(for_="warehouse")[say("Warehouse")],
        select(id="warehouse", name="warehouse", data_submit="")[
            (option(value=name, selected=name == warehouse)[name] for name in names)
        ],
    ]


def walks_list(found: tuple[list[str], list[Walk]] | FailedPart) -> Node:
    """Show orders as a list, or why there is none."""
    if isinstance(found, FailedPart):
        return failed(found.service, "/picking")
    if not found[1]:
        return empty(
            "picking", say("Nothing to pick"), say("Orders appear here as soon as stock is allocated to them.")
        )
    return ul(".list")[
        (
            li[
                a(href=path_of("picking", walk.order))[
                    span(".title")[walk.order],
                    span(".side-note")[count(walk.units, "{number} item", "{number} items")],
                    span(".below")[say("starts at {place}", place=walk.items[0].location)],
                ]
            ]
            for walk in found[1]
        )
    ]


def walk_page(data: PickData, *, may_pick: bool, short: bool = False) -> Node:
    """Show the items of an order in the sequence of the way, with the scan station."""
    order = data.order
    base = path_of("picking", order.order)
    head = heading(
        order.order, joined(order.customer_name or order.customer, order.warehouse), back=(say("Picking"), "/picking")
    )
    told = notice("good", say("Reported as missing"), p[say("A replacement is looked for.")], role="status")
    if not data.items:
        done = empty(
            "check", say("All is picked"), say("What is allocated to this order is picked."),
            a(".button.primary", href=path_of("packing", order.order))[say("Pack this order")],
        )  # fmt: skip
        return [head, told if short else None, done]
    if not data.staging:
        return [head, notice("bad", say("This warehouse has no staging place"), p[say("Define one first.")])]
    shown = Station(
        lane=f"pick:{order.order}", path=f"{base}/scans", body={"session": f"pick:{order.order}"},
        tasks=[_task(item, is_first=place == 0) for place, item in enumerate(data.items)],
        place=Place("location", say("Stage at"), data.staging), tasks_label=say("Pick list"),
    )  # fmt: skip
    pack = a(".button", href=path_of("packing", order.order), data_done="")[say("Pack")]
    miss = a(".button", href=f"{base}/short", data_short="")[say("Short")]
    return [head, told if short else None, station(shown, miss, pack, may_scan=may_pick)]


def _task(item: PickItem, *, is_first: bool) -> Task:
    wanted = item.serial or joined(item.lot, f"× {quantity(item.quantity)}")
    below = joined(item.sku, wanted, item.name, day(item.expiry) if item.expiry else "")
    return Task(
        item.sku, item.location, below, Progress(item_id(item), Decimal(0), item.quantity),
        "SERIAL" if item.serial else "LOT", is_chosen=is_first, body={"item": item_id(item)},
    )  # fmt: skip


def short_page(data: PickData, refusal: Refusal | None = None) -> Node:
    """Ask which item is missing at its place, and why."""
    base = path_of("picking", data.order.order)
    head = heading(say("Missing at its place"), data.order.order, back=(say("Back to picking"), base))
    if not data.items:
        return [head, empty("check", say("All is picked"), say("What is allocated to this order is picked."))]
    return [
        head,
        refusal and refused(refusal),
        form(".stack", method="post", action=f"{base}/short")[
            input_(type="hidden", name="key", value=str(uuid4())),
            fieldset(".choices")[
                legend[say("Which item?")],
                (
                    label(".choice")[
                        input_(type="radio", name="item", value=item_id(item), required=True),
                        span[joined(item.location, item.sku, item.serial or item.lot)],
                    ]
                    for item in data.items
                ),
            ],
            fieldset(".choices")[
                legend[say("Why?")],
                (
                    label(".choice")[input_(type="radio", name="reason", value=reason, required=True), say(reason)]
                    for reason in REASONS
                ),
            ],
            button(".primary", type="submit")[say("Report as missing")],
        ],
    ]
