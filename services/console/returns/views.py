"""Pages of returns: the list, the form for a scanned unit, and one return with its decisions."""

from uuid import uuid4

from htpy import (
    Element,
    Node,
    a,
    button,
    div,
    fieldset,
    form,
    h2,
    label,
    legend,
    li,
    option,
    p,
    section,
    select,
    span,
    ul,
)
from htpy import input as input_

from services.console.clients.http import path_of
from services.console.clients.returns import Return, ReturnDetail, ReturnLot, Returns, ReturnUnit
from services.console.design.formats import moment, quantity
from services.console.design.layout import heading
from services.console.design.parts import empty, facts, failed, joined, notice, pager, sign, term_of
from services.console.design.problems import Refusal, refused
from services.console.design.station import look_only
from services.console.design.terms import DISPOSITIONS, UNIT_STATUSES, Term
from services.console.design.words import say
from services.console.page import FailedPart
from services.console.returns.queries import ReturnableData

REASONS = ("Not needed", "Wrong item", "Damaged", "Defective")


def returns_page(found: Returns | FailedPart, cursor: str, *, may_receive: bool) -> Node:
    """Show the box for a returned unit, and the returns."""
    return [heading(say("Returns")), _box() if may_receive else look_only(), _list(found, cursor)]


def _box() -> Element:
    return form(".stack", action="/returns/new", role="search")[
        div(".field")[
            label(for_="serial")[say("Scan the returned unit")],
            input_(
                id="serial", name="serial", required=True, autocomplete="off", autocapitalize="none", autofocus=True,
                class_="serial",
            ),
        ],
        div(".actions")[button(".primary", type="submit")[say("Receive it")]],
    ]  # fmt: skip


def _list(found: Returns | FailedPart, cursor: str) -> Node:
    if isinstance(found, FailedPart):
        return failed(found.service, "/returns")
    if not found.items:
        return empty("returns", say("No returns yet"), say("Scan a unit that a customer sent back."))
    return [ul(".list")[(li[_entry(each)] for each in found.items)], pager("/returns", {"cursor": cursor}, found.next)]


def _entry(found: Return) -> Element:
    return a(href=path_of("returns", found.return_id))[
        span(".title")[found.return_id],
        span(".side-note.quiet")[moment(found.received_at)],
        span(".below")[joined(found.order, found.customer)],
    ]


def new_page(data: ReturnableData, text: str, refusal: Refusal | None = None) -> Node:
    """Show what is known about a scanned unit, with the form that receives it."""
    head = heading(say("Receive a return"), back=(say("Returns"), "/returns"))
    unit = data.unit
    if unit is None:
        return [head, _not_returnable(data, text), _box()]
    return [
        head,
        refusal and refused(refusal),
        section(".card", aria_label=unit.serial)[
            facts(
                [
                    (say("Serial number"), unit.serial), (say("Product"), joined(unit.sku, unit.product)),
                    (say("Order"), unit.order), (say("Customer"), joined(unit.customer_name, unit.customer)),
                    (say("Shipped"), moment(unit.shipped_at)),
                ]
            )
        ],
        form(".stack", method="post", action="/returns")[
            (
                input_(type="hidden", name=name, value=value)
                for name, value in (
                    ("key", str(uuid4())), ("scan", text), ("serial", unit.serial), ("sku", unit.sku),
                    ("order", unit.order or ""), ("customer", unit.customer or ""),
                )
            ),
            div(".field")[
                label(for_="location")[say("Received at")],
                select(id="location", name="location")[(option(value=each)[each] for each in data.locations)],
            ],
            fieldset(".choices")[
                legend[say("Why did it come back?")],
                (
                    label(".choice")[input_(type="radio", name="reason", value=reason, required=True), say(reason)]
                    for reason in REASONS
                ),
            ],
            button(".primary", type="submit")[say("Receive")],
        ],
    ]  # fmt: skip


def _not_returnable(data: ReturnableData, text: str) -> Element:
    if not data.others:
        return notice(
            "bad", say("{text} is not known", text=text), p[say("Check the number, then scan again.")], role="alert"
        )
    return notice(
        "bad",
        say("{text} was not shipped to a customer", text=text),
        ul[
            (
                li[
                    a(href=path_of("units", unit.sku, unit.serial))[joined(unit.sku, unit.serial)],
                    " ", sign(term_of(UNIT_STATUSES, unit.status)),
                ]
                for unit in data.others
            )
        ],
        role="alert",
    )  # fmt: skip


def return_page(found: ReturnDetail, *, may_dispose: bool, refusal: Refusal | None = None) -> Node:
    """Show a return: each unit with the decision on it."""
    return [
        heading(found.return_id, joined(found.order, found.customer), back=(say("Returns"), "/returns")),
        refusal and refused(refusal),
        section(".stack", aria_labelledby="units")[
            h2(id="units")[say("What came back")],
            ul(".stack")[(li[_unit(found.return_id, unit, may_dispose=may_dispose)] for unit in found.units.items)],
            found.lots and ul(".list")[
                (
                    li[
                        div(".line")[
                            span(".title.serial")[lot.lot or lot.sku],
                            span(".side-note")[quantity(lot.quantity)],
                            span(".below")[joined(lot.sku, _undecided(lot))],
                        ]
                    ]
                    for lot in found.lots
                )
            ],
        ],
    ]  # fmt: skip


def _undecided(lot: ReturnLot) -> str:
    return say("{number} undecided", number=quantity(lot.pending_quantity))


def _unit(return_id: str, unit: ReturnUnit, *, may_dispose: bool) -> Element:
    warranty = "" if unit.in_warranty is None else say("in warranty") if unit.in_warranty else say("warranty has ended")
    state = term_of(DISPOSITIONS, unit.disposition) if unit.disposition else Term("?", "Undecided", "warn")
    return section(".card", aria_label=unit.serial)[
        div(".row")[span(".serial")[unit.serial], sign(state)],
        p[joined(unit.sku, unit.location, say(unit.reason), warranty)],
        unit.disposed_reason and p(".quiet")[unit.disposed_reason],
        _decision(return_id, unit) if may_dispose and not unit.disposition else None,
    ]


def _decision(return_id: str, unit: ReturnUnit) -> Element:
    reason = f"reason-{unit.sku}-{unit.serial}"
    return form(".stack", method="post", action=path_of("returns", return_id))[
        input_(type="hidden", name="key", value=str(uuid4())),
        input_(type="hidden", name="sku", value=unit.sku),
        input_(type="hidden", name="serial", value=unit.serial),
        fieldset(".choices")[
            legend[say("What happens to it?")],
            (
                label(".choice")[input_(type="radio", name="disposition", value=code, required=True), say(term.word)]
                for code, term in DISPOSITIONS.items()
            ),
        ],
        div(".field")[
            label(for_=reason)[say("Reason")],
            input_(id=reason, name="reason", required=True, maxlength="200", autocomplete="off"),
        ],
        button(".primary", type="submit")[say("Decide")],
    ]
