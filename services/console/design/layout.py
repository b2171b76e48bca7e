"""The shell of every page: head, top line, menu, dock."""

import json
from typing import NamedTuple

from htpy import (
    Element,
    Fragment,
    Node,
    a,
    aside,
    body,
    div,
    form,
    h1,
    h2,
    head,
    header,
    html,
    label,
    link,
    main,
    meta,
    nav,
    script,
    span,
)
from htpy import (
    input as input_,
)
from htpy import (
    title as title_,
)

from services.console.design.icons import icon, logo
from services.console.design.words import PSEUDO_LANGUAGE, language, say

STYLES = ("tokens", "base", "shell", "parts", "scan")
MENU = (
    ("", (("/work", "work", "Work"), ("/find", "find", "Find"))),
    (
        "On the floor",
        (
            ("/receiving", "receiving", "Receiving"),
            ("/putaway", "putaway", "Putaway"),
            ("/picking", "picking", "Picking"),
            ("/packing", "packing", "Packing"),
            ("/shipping", "shipping", "Shipping"),
            ("/returns", "returns", "Returns"),
        ),
    ),
    ("Products", (("/units", "units", "Serial Number Lookup"),)),
    ("Control", (("/exceptions", "exceptions", "Exceptions"),)),
    ("Device", (("/device", "settings", "Settings"),)),
)
DOCK = (
    ("/work", "work", "Work"),
    ("/find", "find", "Find"),
    ("/exceptions", "exceptions", "Exceptions"),
    ("/menu", "more", "More"),
)


class Frame(NamedTuple):
    """What the shell shows around a page: the person, the theme, the static folder and the current address."""

    static: str
    path: str = "/"
    person: str = ""
    theme: str = ""
    watch: str = ""
    """Names of what the page follows live, separated by commas."""


def document(frame: Frame, title: str, content: Node, *, kind: str = "shell") -> str:
    """Return a whole page as text."""
    tag = "en" if language() == PSEUDO_LANGUAGE else language()
    page = html(lang=tag, data_theme=frame.theme or None)[_head(frame, title), _body(frame, content, kind)]
    return str(page)


def plain(frame: Frame, title: str, *content: Node) -> str:
    """Return a page without menu, such as the sign-in."""
    return document(frame, title, main(tabindex="-1", id="main")[content], kind="plain-page")


def _head(frame: Frame, title: str) -> Element:
    return head[
        meta(charset="utf-8"),
        meta(name="viewport", content="width=device-width, initial-scale=1, interactive-widget=resizes-content"),
        meta(name="htmx-config", content='{"includeIndicatorCSS":false,"defaultTimeout":15000}'),
        meta(name="theme-color", content="#0b57a4"),
        title_[f"{title} · Tracelot"],
        link(rel="icon", href=f"{frame.static}/icons/icon.svg", type="image/svg+xml"),
        link(rel="manifest", href="/manifest.webmanifest"),
        (link(rel="stylesheet", href=f"{frame.static}/css/{name}.css") for name in STYLES),
        script(src=f"{frame.static}/vendor/htmx.min.js", defer=True),
        script(src=f"{frame.static}/js/app.js", type="module"),
    ]


def _body(frame: Frame, content: Node, kind: str) -> Element:
    live = {"data-watch": frame.watch} if kind == "shell" else {}
    attributes = {"data-person": frame.person, "data-words": json.dumps(_script_words(), ensure_ascii=False), **live}
    if kind != "shell":
        return body(f".{kind}", attributes)[content]
    return body(".shell", attributes)[
        a(".skip.button", href="#main")[say("Skip to content")],
        _topbar(frame),
        aside(".side")[_brand(), menu(frame.path)],
        main(tabindex="-1", id="main")[content],
        _dock(frame.path),
    ]


def _script_words() -> dict[str, str]:
    """Return the texts that scripts show."""
    return {
        "live": say("live"),
        "resting": say("updates every 30 s"),
        "offline": say("offline"),
        "waiting": say("Waiting"),
        "unsent": say("Offline · {number} unsent"),
        "sending": say("Sending {number} …"),
        "leave": say("{number} scans are not sent yet. They stay on this device. Sign out all the same?"),
        "heldBack": say("Not sent yet: {number} scans. Confirm once they are."),
        "chosen": say("Scan its items"),
        "undo": say("Undo"),
        "refused": say("Refused"),
        "pasted": say("{number} at once"),
        "placeFirst": say("Scan the place first"),
        "placeChosen": say("Chosen"),
        "broken": say("This scan is not kept"),
        "notKept": say("The store of this device is full or broken. Use another device."),
        "signIn": say("Sign in as {person} to send {number} scans"),
    }


def _brand() -> Element:
    return a(".brand", href="/work")[logo(), span["Tracelot"]]


def _topbar(frame: Frame) -> Element:
    return header(".topbar")[
        _brand(),
        form(".find-top", action="/find", role="search")[
            label(".sr", for_="find-top")[say("Find anything")],
            input_(
                id="find-top", name="q", type="search", autocomplete="off", placeholder=say("Find or scan anything")
            ),
        ],
        span(".grow"),
        span(".live", id="live", role="status", data_state="connecting")[span(".word")[say("connecting")]],
        a(".person", href="/device", aria_label=say("Signed in as {person}", person=frame.person))[
            span(".avatar", {"aria-hidden": "true"})[frame.person[:2].upper()], span(".name")[frame.person]
        ],
    ]


def _is_current(path: str, href: str) -> bool:
    return path == href or path.startswith(f"{href}/")


def menu(path: str, label_: str = "") -> Element:
    """Show the menu: groups of pages."""
    return nav(".menu", aria_label=label_ or say("Menu"))[
        (
            (
                group and h2[say(group)],
                (
                    a(href=href, aria_current="page" if _is_current(path, href) else None)[icon(name), say(text)]
                    for href, name, text in entries
                ),
            )
            for group, entries in MENU
        )
    ]


def _dock(path: str) -> Element:
    return nav(".dock", aria_label=say("Shortcuts"))[
        (
            a(href=href, aria_current="page" if _is_current(path, href) else None)[icon(name), span[say(text)]]
            for href, name, text in DOCK
        )
    ]


def heading(text: str, *meta_: Node, back: tuple[str, str] | None = None, actions: Node = None) -> Fragment | Element:
    """Show the heading of a page with a way back, what it is about, and its actions."""
    return div(".head")[
        div[
            back and a(".back", href=back[1])[span({"aria-hidden": "true"})["‹"], back[0]],
            h1[text],
            meta_ and div(".meta")[meta_],
        ],
        actions,
    ]
