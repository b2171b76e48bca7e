"""Pages of putaway: what waits at the docks, and one group of it."""

import json
from decimal import Decimal

from htpy import Element, Node, a, button, div, li, p, span, ul

from services.console.design.layout import heading
from services.console.design.parts import address, empty, failed, joined, notice
from services.console.design.station import Place, Progress, Station, Task, station
from services.console.design.words import count, say
from services.console.page import FailedPart
from services.console.putaway.handlers import TASK
from services.console.putaway.queries import Group, PutawayData


def groups_page(found: tuple[list[Group], bool] | FailedPart) -> Node:
    """Show what waits to be put away."""
    return [
        heading(say("Putaway")),
        div(
            ".stack", id="groups", data_fragment="", hx_get="/putaway/list",
            hx_trigger="counts from:body delay:1s, refresh", hx_swap="innerMorph",
        )[groups_list(found)],
    ]  # fmt: skip


def groups_list(found: tuple[list[Group], bool] | FailedPart) -> Node:
    """Show groups of units as a list, or why there is none."""
    if isinstance(found, FailedPart):
        return failed(found.service, "/putaway")
    groups, has_more = found
    if not groups:
        advice = say("Units appear here once a receipt is confirmed or a return is to be restocked.")
        return empty("putaway", say("Nothing waits at the docks"), advice)
    return [
        ul(".list")[(li[_entry(group)] for group in groups)],
        has_more and notice("announced", say("More units wait"), p[say("Put these away first.")]),
    ]


def _entry(group: Group) -> Element:
    held = count(group.held, "{number} on hold", "{number} on hold") if group.held else ""
    return a(href=address("/putaway/group", sku=group.sku, at=group.location, receipt=group.receipt))[
        span(".title")[group.sku],
        span(".side-note")[count(len(group.serials), "{number} unit", "{number} units")],
        span(".below")[joined(group.location, group.receipt, held)],
    ]


def group_page(data: PutawayData, sku: str, *, may_scan: bool) -> Node:
    """Show a group of units with the station that puts them away."""
    group = data.group
    if group is None:
        done = empty(
            "check", say("All is put away"), say("Nothing of this product waits here."),
            a(".button", href="/putaway")[say("What else waits")],
        )  # fmt: skip
        return [heading(sku, back=(say("Putaway"), "/putaway")), done]
    total = len(group.serials)
    body = {"at": group.location, "receipt": group.receipt, "sku": group.sku, "total": total}
    shown = Station(
        lane=f"putaway:{group.sku}", path="/putaway/scans", body={"session": f"putaway:{group.sku}"},
        tasks=[
            Task(
                group.sku, group.sku, joined(group.location, group.receipt), Progress(TASK, Decimal(0), Decimal(total)),
                is_chosen=True, body=body,
            )
        ],
        place=Place("location", say("Put away at"), [*data.suggested, *data.places], is_open=True),
        hint=say("Scan the place, then the units."),
    )  # fmt: skip
    every = button(".primary", type="button", data_all=json.dumps(list(group.serials)))[
        count(total, "Put away {number} unit", "Put away all {number} units")
    ]
    lies = data.suggested and notice(
        "announced",
        say("It lies at {places}", places=", ".join(data.suggested)),
        p[say("Scan a place, then the units.")],
    )
    return [
        heading(group.sku, joined(group.location, group.receipt), back=(say("Putaway"), "/putaway")),
        station(shown, every, may_scan=may_scan, above=lies),
    ]
