"""Refusals of the services: title, detail, what helps, what blocks and what would be accepted."""

from collections.abc import Sequence
from typing import NamedTuple

from htpy import Element, Node, a, li, p, span, ul

from services.console.design.parts import notice
from services.console.design.words import say, translate


class Refusal(NamedTuple):
    """A problem as a service reports it."""

    code: str
    title: str
    detail: str
    help: str = ""
    ids: Sequence[str] = ()
    blocked_by: Sequence[str] = ()
    suggested: Sequence[str] = ()


PAGES = {"/receipts/": "/receiving/", "/orders/": "/orders/", "/serials/": "/units/", "/shipments/": "/shipping/"}
"""Pages of the resources that block a command, by the beginning of their paths."""


def page_of(resource: str) -> str | None:
    """Return the page of a resource of a service, if there is one."""
    for beginning, page in PAGES.items():
        if resource.startswith(beginning):
            first, *_ = resource.removeprefix(beginning).split("/")
            rest = resource.removeprefix(beginning) if beginning == "/serials/" else first
            return page + rest
    return None


def refused(refusal: Refusal, *actions: Node) -> Element:
    """Show a refusal with what blocks it and what helps."""
    return notice(
        "bad",
        translate(refusal.title),
        p[refusal.detail],
        refusal.help and p(".help")[translate(refusal.help)],
        refusal.blocked_by and ul[(li[_blocker(path)] for path in refusal.blocked_by)],
        refusal.suggested and p[say("Possible instead:"), " ", span(".serial")[", ".join(refusal.suggested)]],
        *actions,
        role="alert",
    )


def _blocker(path: str) -> Node:
    page = page_of(path)
    text = say("Blocked by {what}", what=path.strip("/").replace("/", " "))
    return a(href=page)[text] if page else text
