"""Icons as inline SVG: lines of 24 by 24, drawn in the colour of the text."""

from functools import cache

from markupsafe import Markup

PATHS = {
    "work": "M4 7h16v13H4zM9 7V4h6v3M4 12h16",
    "find": "M11 4a7 7 0 1 0 0 14 7 7 0 0 0 0-14zM16 16l4.5 4.5",
    "exceptions": "M12 3 2.5 20h19zM12 10v4.5M12 17v.5",
    "more": "M4 6h16M4 12h16M4 18h16",
    "receiving": "M12 3v11M7.5 9.5 12 14l4.5-4.5M4 16v4h16v-4",
    "putaway": "M4 3v18M20 3v18M4 9h16M4 16h16M9 9V5h6v4",
    "picking": "M4 6l1.5 1.5L8 5M4 12l1.5 1.5L8 11M4 18l1.5 1.5L8 17M11 6.500h9M11 12.500h9M11 18.500h9",
    "packing": "M3.500 8 12 3.500 20.500 8v8.500L12 21l-8.500-4.500zM3.500 8l8.500 4.500L20.500 8M12 12.500V21",
    "shipping": "M2 6h12v10H2zM14 10h4.500L22 13v3h-8M6.500 19a2 2 0 1 0 0-4 2 2 0 0 0 0 4zM17.500 19a2 2 0 1 0 0-4",
    "returns": "M9 5 4 10l5 5M4 10h10a6 6 0 0 1 0 12h-3",
    "units": "M4 5v14M7 5v14M10.500 5v14M13 5v14M16 5v14M20 5v14",
    "overview": "M4 4h7v7H4zM13 4h7v4h-7zM13 11h7v9h-7zM4 14h7v6H4z",
    "keyboard": "M3 6h18v12H3zM7 10h.01M11 10h.01M15 10h.01M7 14h10",
    "settings": "M12 9a3 3 0 1 0 0 6 3 3 0 0 0 0-6zM12 3v3M12 18v3M3 12h3M18 12h3M5.600 5.600l2.100 2.100"
    "M16.300 16.300l2.100 2.100M5.600 18.400l2.100-2.100M16.300 7.700l2.100-2.100",
    "check": "M4 12.500 9.500 18 20 6.500",
    "box": "M4 8h16v12H4zM2.500 4h19v4h-19zM10 12h4",
}
LOGO = (
    '<svg viewBox="0 0 32 32" aria-hidden="true"><rect width="32" height="32" rx="8" fill="#0b57a4"/>'
    '<path d="M8 9v14M12 9v14M16 9v14M20 9v14M24 9v14" stroke="#fff" stroke-width="2"/>'
    '<path d="M5 16h22" stroke="#7ee0a1" stroke-width="2"/></svg>'
)


@cache
def icon(name: str) -> Markup:
    """Return an icon; it is decoration, so that the text beside it names what it is."""
    path = f'<path d="{PATHS[name]}" fill="none" stroke="currentColor" stroke-width="2" stroke-linecap="round"'
    svg = f'<svg viewBox="0 0 24 24" aria-hidden="true" width="20" height="20">{path} stroke-linejoin="round"/></svg>'
    return Markup(svg)  # noqa: S704 - constant paths


def logo() -> Markup:
    """Return the logo."""
    return Markup(LOGO)  # noqa: S704 - constant
