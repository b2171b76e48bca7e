"""Settings of the device, and the page shown without a network."""

from collections.abc import Iterable, Mapping

from htpy import Element, Node, button, div, fieldset, form, h1, h2, label, legend, p, section
from htpy import input as input_

from services.console.design.layout import Frame, heading, plain
from services.console.design.terms import ROLES
from services.console.design.words import LANGUAGES, language, say

THEMES = {"": "As the device", "light": "Light", "dark": "Dark"}


def device_page(person: str, roles: Iterable[str], theme: str) -> Node:
    """Show the settings of the device, and the sign-out."""
    return [
        heading(say("Settings")),
        section(".card", aria_labelledby="person")[
            h2(id="person")[person],
            p(".quiet")[", ".join(say(ROLES.get(role, role)) for role in sorted(roles))],
            form(method="post", action="/sign-out", data_warn_unsent="")[
                button(".danger", type="submit")[say("Sign out")]
            ],
        ],
        section(".card", aria_labelledby="device")[
            h2(id="device")[say("This device")],
            form(".stack", method="post", action="/device")[
                _choice("language", say("Language"), LANGUAGES, language()),
                _choice("theme", say("Appearance"), {name: say(text) for name, text in THEMES.items()}, theme),
                button(".primary", type="submit")[say("Save")],
            ],
        ],
    ]


def _choice(name: str, title: str, choices: Mapping[str, str], chosen: str) -> Element:
    return fieldset(".choices")[
        legend[title],
        (
            label(".choice")[
                input_(type="radio", name=name, value=value, checked=value == chosen), text
            ]
            for value, text in choices.items()
        ),
    ]  # fmt: skip


def offline_page(frame: Frame) -> str:
    """Show that there is no network and the page is not kept."""
    return plain(
        frame,
        say("No network"),
        div(".card")[
            h1[say("No network")],
            p[say("This page is not kept on the device. Pages that you opened before are: go back to them.")],
            p[say("What you scanned is kept, and sent when the network is back.")],
        ],
    )
