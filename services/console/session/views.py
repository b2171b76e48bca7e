"""The sign-in page."""

from htpy import Element, button, div, form, h1, label, p
from htpy import input as input_

from services.console.design.icons import logo
from services.console.design.layout import Frame, plain
from services.console.design.parts import notice
from services.console.design.words import say


def sign_in_page(frame: Frame, following: str, *, name: str = "", problem: str = "") -> str:
    """Show the form to sign in, with the reason why an attempt failed."""
    return plain(
        frame,
        say("Sign in"),
        div(".card.sign-in")[
            div(".brand")[logo(), "Tracelot"],
            h1[say("Sign in")],
            problem and notice("bad", problem, role="alert"),
            form(".stack", method="post", action="/sign-in")[
                input_(type="hidden", name="next", value=following),
                _field("name", say("Name"), "username", "text", name, has_focus=not name),
                _field("password", say("Password or PIN"), "current-password", "password", "", has_focus=bool(name)),
                button(".primary", type="submit")[say("Sign in")],
            ],
            p(".quiet")[say("Ask your supervisor if you have no name and password yet.")],
        ],
    )


def _field(name: str, text: str, complete: str, kind: str, value: str, *, has_focus: bool) -> Element:
    return div(".field")[
        label(for_=name)[text],
        input_(
            id=name, name=name, type=kind, autocomplete=complete, value=value, required=True, autofocus=has_focus,
            autocapitalize="none", spellcheck="false",
        ),
    ]  # fmt: skip
