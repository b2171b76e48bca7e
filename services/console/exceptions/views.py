"""The page of exceptions: what waits for a decision, oldest first, with the decisions beside it."""

from uuid import uuid4

from htpy import (
    Element,
    Node,
    a,
    button,
    details,
    div,
    fieldset,
    form,
    label,
    legend,
    li,
    p,
    section,
    span,
    summary,
    ul,
)
from htpy import input as input_

from services.console.clients.http import path_of
from services.console.clients.returns import Discrepancies, Discrepancy
from services.console.design.formats import moment, quantity
from services.console.design.layout import heading
from services.console.design.parts import address, chip, empty, failed, joined, notice, pager, sign, term_of
from services.console.design.problems import Refusal, refused
from services.console.design.terms import DISCREPANCIES, RESOLUTIONS
from services.console.design.words import say
from services.console.page import FailedPart


def exceptions_page(
    found: Discrepancies | FailedPart, query: dict[str, str], *, may_resolve: bool, refusal: Refusal | None = None
) -> Node:
    """Show what waits for a decision."""
    kinds = div(".chips.scroll", role="group", aria_label=say("Kind"))[
        chip(say("All"), "/exceptions", is_current=not query.get("kind")),
        (
            chip(say(term.word), address("/exceptions", kind=code), is_current=query.get("kind") == code)
            for code, term in DISCREPANCIES.items()
            if code != "SHORT"
        ),
    ]
    return [
        heading(say("Exceptions")),
        kinds,
        refusal and refused(refusal),
        _list(found, query, may_resolve=may_resolve),
    ]


def _list(found: Discrepancies | FailedPart, query: dict[str, str], *, may_resolve: bool) -> Node:
    if isinstance(found, FailedPart):
        return failed(found.service, address("/exceptions", **query))
    if not found.items:
        return empty("check", say("Nothing waits for a decision"), say("Differences at receiving appear here."))
    told = notice("announced", say("A supervisor decides"), p[say("You see what waits.")])
    return [
        None if may_resolve else told,
        ul(".stack")[(li[_entry(each, may_resolve=may_resolve)] for each in found.items)],
        pager("/exceptions", query, found.next),
    ]


def _entry(found: Discrepancy, *, may_resolve: bool) -> Element:
    what = ", ".join(found.serials) or joined(found.lot, f"× {quantity(found.quantity)}")
    return section(".card", aria_label=what)[
        div(".row")[sign(term_of(DISCREPANCIES, found.kind)), span(".serial")[what]],
        p[joined(found.sku, found.location, _conflict(found))],
        p(".quiet")[
            a(href=path_of("receiving", found.receipt))[found.receipt],
            f" · {found.found_by} · {moment(found.found_at)}",
        ],
        _decision(found) if may_resolve and found.allowed_resolutions else None,
    ]


def _conflict(found: Discrepancy) -> str:
    return say("differs from {value}", value=found.conflicting_value) if found.conflicting_value else ""


def _decision(found: Discrepancy) -> Element:
    reason = f"reason-{found.discrepancy}"
    return details[
        summary[say("Decide")],
        form(".stack", method="post", action=path_of("exceptions", found.discrepancy))[
            input_(type="hidden", name="receipt", value=found.receipt),
            input_(type="hidden", name="key", value=str(uuid4())),
            fieldset(".choices")[
                legend[say("What happens to it?")],
                (
                    label(".choice")[
                        input_(type="radio", name="resolution", value=code, required=True),
                        say(RESOLUTIONS.get(code, code)),
                    ]
                    for code in found.allowed_resolutions
                ),
            ],
            div(".field")[
                label(for_=reason)[say("Reason")],
                input_(id=reason, name="reason", required=True, maxlength="200", autocomplete="off"),
            ],
            button(".primary", type="submit")[say("Decide")],
        ],
    ]
