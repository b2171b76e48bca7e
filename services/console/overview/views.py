"""The start page: tiles that open their lists, and receipts in work."""

from htpy import Element, Node, a, div, h2, li, section, span, ul

from services.console.clients.http import path_of
from services.console.clients.receipts import Receipt, Receipts
from services.console.clients.returns import Discrepancies
from services.console.clients.serials import StatusCount
from services.console.design.layout import heading
from services.console.design.parts import empty, failed, joined, sign, term_of
from services.console.design.terms import RECEIPT_STATUSES, UNIT_STATUSES
from services.console.design.words import say
from services.console.overview.queries import Overview
from services.console.page import FailedPart

MAX_SHOWN = 5


def work_page(overview: Overview) -> Node:
    """Show the start page."""
    return [heading(say("Work")), work_parts(overview)]


def work_parts(overview: Overview) -> Element:
    """Show what there is to do; it is asked for anew when something changes."""
    return div(
        ".stack.roomy", id="work", data_fragment="", hx_get="/work/parts",
        hx_trigger="counts from:body delay:1s, refresh",
        hx_swap="outerMorph",
    )[
        section(".stack", aria_labelledby="receiving")[
            h2(id="receiving")[say("Receiving")], _receipts(overview.arrived, overview.due)
        ],
        section(".stack", aria_labelledby="floor")[
            h2(id="floor")[say("On the floor")],
            div(".tiles")[
                None
                if isinstance(overview.units, FailedPart)
                else _tile("/putaway", _units_text(overview.units.get("RECEIVED")), say("Units to put away")),
                None
                if isinstance(overview.undecided, FailedPart)
                else _tile("/exceptions", _number(overview.undecided), say("Waiting for a decision")),
            ],
        ],
        section(".stack", aria_labelledby="units")[h2(id="units")[say("Serial numbers")], _units(overview)],
    ]  # fmt: skip


def _receipts(arrived: Receipts | FailedPart, due: Receipts | FailedPart) -> Node:
    for part in (arrived, due):
        if isinstance(part, FailedPart):
            return failed(part.service, "/work")
    if isinstance(arrived, FailedPart) or isinstance(due, FailedPart):
        return None
    shown = [*arrived.items, *due.items][:MAX_SHOWN]
    return [
        div(".tiles")[
            _tile("/receiving?tab=arrived", _number(arrived), say("Arrived, in work")),
            _tile("/receiving?tab=due", _number(due), say("Due")),
        ],
        ul(".list")[(li[_entry(receipt)] for receipt in shown)]
        if shown
        else empty("receiving", say("No delivery waits"), say("The purchasing system announces the next one.")),
    ]


def _number(found: Receipts | Discrepancies) -> str:
    return f"{len(found.items)}{'+' if found.next else ''}"


def _entry(receipt: Receipt) -> Element:
    return a(href=path_of("receiving", receipt.receipt))[
        span(".title")[receipt.receipt],
        span(".side-note")[sign(term_of(RECEIPT_STATUSES, receipt.status))],
        span(".below")[joined(receipt.supplier, receipt.warehouse)],
    ]


def _units(overview: Overview) -> Node:
    if isinstance(overview.units, FailedPart):
        return failed(overview.units.service, "/work")
    return div(".tiles")[
        (
            a(".tile", href=f"/units?status={code}")[
                span(".n")[
                    f"{counted.units}{'+' if counted.has_more else ''}"
                    if (counted := overview.units.get(code))
                    else "0"
                ],
                span[sign(term)],
            ]
            for code, term in UNIT_STATUSES.items()
        )
    ]


def _units_text(counted: StatusCount | None) -> str:
    return f"{counted.units}{'+' if counted.has_more else ''}" if counted else "0"


def _tile(href: str, number: str, text: str) -> Element:
    return a(".tile", href=href)[span(".n")[number], span(".label")[text]]
