"""Parts of pages: signs, notices, empty and failed states, facts, steppers, chips and pagers."""

from collections.abc import Iterable, Mapping, Sequence
from urllib.parse import urlencode

from htpy import Element, Fragment, Node, a, dd, div, dl, dt, fragment, li, nav, ol, p, progress, span, strong

from services.console.design.icons import icon
from services.console.design.terms import SERVICE_NAMES, Term
from services.console.design.words import say

Link = tuple[str, str]
"""Text and address."""


def sign(term: Term) -> Element:
    """Show a code as its sign and word, in its colour."""
    shown = span({"aria-hidden": "true"})[term.sign] if term.sign else None
    return span(class_=["sign", term.tone])[shown, say(term.word)]


def term_of(terms: Mapping[str, Term], code: str) -> Term:
    """Return the term of a code; an unknown code is its own word."""
    return terms.get(code, Term("", code))


def notice(tone: str, title: str, *content: Node, role: str | None = None) -> Element:
    """Show a message with its sign: what it is, and what to do."""
    mark = {"bad": "✕", "warn": "!", "good": "✓"}.get(tone, "i")
    return div(class_=["notice", tone], role=role)[span(".mark", {"aria-hidden": "true"})[mark], strong[title], content]


def empty(icon_name: str, title: str, advice: str, *actions: Node) -> Element:
    """Show that a list is empty: why, and what to do."""
    return div(".empty")[icon(icon_name), strong[title], p[advice], actions]


def failed(service: str, again: str) -> Element:
    """Show that a service does not answer, with a link that tries again."""
    return notice(
        "bad",
        say("{service} does not answer", service=say(SERVICE_NAMES[service])),
        p[say("The rest of this page stands. Try again in a moment.")],
        a(".button", href=again)[say("Try again")],
        role="alert",
    )


def facts(pairs: Iterable[tuple[str, Node]]) -> Element:
    """Show names with their values; those without a value are left out."""
    return dl(".facts")[((dt[name], dd[value]) for name, value in pairs if value)]


def stepper(steps: Sequence[str], current: int) -> Element:
    """Show where something is on its way; everything before is done."""
    return ol(".stepper", aria_label=say("Progress"))[
        (
            li(class_="done" if number < current else None, aria_current="step" if number == current else None)[step]
            for number, step in enumerate(steps)
        )
    ]


def bar(done: float, total: float, label: str, *, id_: str | None = None, as_of: str | None = None) -> Element:
    """Show how much of a whole is done."""
    is_full = total > 0 and done >= total
    return progress(
        class_="full" if is_full else None,
        value=str(min(done, total)),
        max=str(max(total, 1)),
        aria_label=label,
        id=id_,
        data_as_of=as_of,
    )


def chip(text: str, href: str, *, is_current: bool, number: str = "") -> Element:
    """Show one choice of a filter."""
    return a(".chip", href=href, aria_current="true" if is_current else None)[text, number and span(".n")[number]]


def joined(*parts: str | None) -> str:
    """Join the parts that are not empty."""
    return " · ".join(part for part in parts if part)


def address(path: str, **query: object) -> str:
    """Return an address with the parameters that have a value."""
    given = {name: value for name, value in query.items() if value is not None and value != ""}
    return f"{path}?{urlencode(given, doseq=True)}" if given else path


def pager(path: str, query: Mapping[str, object], following: str | None) -> Fragment:
    """Show links to the first and the next page of a list."""
    if not following and not query.get("cursor"):
        return fragment[()]
    first = {name: value for name, value in query.items() if name != "cursor"}
    return fragment[
        nav(".pager", aria_label=say("Pages"))[
            a(".button", href=address(path, **first))[say("First page")] if query.get("cursor") else span,
            a(".button", href=address(path, **first, cursor=following))[say("Next page")] if following else span,
        ]
    ]
