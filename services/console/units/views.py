"""The lookup page: search, filters, list."""

from htpy import (
    Element,
    Node,
    a,
    details,
    div,
    form,
    label,
    li,
    span,
    summary,
    table,
    tbody,
    td,
    th,
    thead,
    tr,
    ul,
)
from htpy import (
    input as input_,
)

from services.console.clients.http import path_of
from services.console.clients.serials import UnitDetail, UnitSummary
from services.console.design.formats import day
from services.console.design.layout import heading
from services.console.design.parts import address, chip, empty, failed, joined, pager, sign, term_of
from services.console.design.terms import ADJUSTMENTS, UNIT_STATUSES, Term
from services.console.design.words import say
from services.console.page import FailedPart
from services.console.units.detail import unit_detail
from services.console.units.queries import Filters, Found

HELD = Term("✕", "On hold", "bad")
FIELDS = (
    ("sku", "Product"), ("location", "Location"), ("lot", "Lot"), ("order", "Order"), ("receipt", "Receipt"),
    ("warehouse", "Warehouse"),
)  # fmt: skip


def lookup_page(found: Found, filters: Filters) -> Node:
    """Show the search with its filters and what it found."""
    return [
        heading(say("Serial Number Lookup")),
        search_form(filters),
        results(found, filters),
    ]


def search_form(filters: Filters) -> Element:
    """Show the box of the search and the further filters."""
    has_more = any(getattr(filters, name) for name, _ in FIELDS)
    return form(
        ".stack", id="lookup", action="/units", role="search", hx_get="/units/results", hx_target="#results",
        hx_swap="innerMorph", hx_trigger="input delay:250ms from:#q, submit",
    )[
        input_(type="hidden", name="status", value=filters.status) if filters.status else None,
        div(".field")[
            label(for_="q")[say("Part or whole of a serial number")],
            input_(
                id="q", name="q", type="search", value=filters.q, autocomplete="off", autocapitalize="none",
                spellcheck="false", class_="serial",
            ),
        ],
        details(open=has_more)[
            summary[say("More filters")],
            div(".filters")[
                (
                    div(".field")[
                        label(for_=name)[say(text)],
                        input_(id=name, name=name, value=getattr(filters, name), autocomplete="off"),
                    ]
                    for name, text in FIELDS
                ),
                input_(type="submit", value=say("Apply"), class_="button"),
            ],
        ],
    ]  # fmt: skip


def results(found: Found, filters: Filters) -> Element:
    """Show the number of units of each status, and the units."""
    here = filters.query()
    return div(
        ".stack", id="results", data_fragment="", hx_get=address("/units/results", **here),
        hx_trigger="counts from:body delay:1s, refresh", hx_swap="outerMorph",
    )[
        _chips(found, filters),
        failed(found.units.service, address("/units", **here)) if isinstance(found.units, FailedPart) else [
            _list(found.units.items, filters),
            pager("/units", here, found.units.next),
        ],
    ]  # fmt: skip


def _chips(found: Found, filters: Filters) -> Element:
    chosen = {name: value for name, value in filters.query().items() if name not in {"status", "cursor", "on_hold"}}

    def number(code: str) -> str:
        counted = found.counts.get(code)
        return "" if counted is None else f"{counted.units}{'+' if counted.has_more else ''}"

    return div(".chips.scroll", role="group", aria_label=say("Status"))[
        chip(say("All"), address("/units", **chosen), is_current=not filters.status and not filters.on_hold),
        (
            chip(
                f"{term.sign} {say(term.word)}", address("/units", **chosen, status=code),
                is_current=filters.status == code, number=number(code),
            )
            for code, term in UNIT_STATUSES.items()
        ),
        chip(
            f"{HELD.sign} {say(HELD.word)}", address("/units", **chosen, on_hold="true"),
            is_current=bool(filters.on_hold),
        ),
    ]  # fmt: skip


def _list(units: list[UnitSummary], filters: Filters) -> Element:
    if not units:
        if filters.query():
            advice = say("No unit has this number with these filters. Check for O and 0, or search for a part of it.")
        else:
            advice = say("Serial numbers appear here once they are announced or received.")
        return empty(
            "units",
            say("No serial number found"),
            advice,
            filters.query() and a(".button", href="/units")[say("Show all")],
        )
    return [_cards(units), _table(units)]  # type: ignore[return-value]


def _cards(units: list[UnitSummary]) -> Element:
    return ul(".list.narrow")[
        (
            li[
                a(href=unit_path(unit))[
                    span(".title.serial")[unit.serial],
                    span(".side-note")[_signs(unit)],
                    span(".below")[joined(unit.sku, unit.location, unit.order)],
                ]
            ]
            for unit in units
        )
    ]


def _table(units: list[UnitSummary]) -> Element:
    titles = (
        say("Serial number"),
        say("Product"),
        say("Status"),
        say("Location"),
        say("Order"),
        say("Lot"),
        say("Expires"),
    )
    return div(".table.wide", tabindex="0", role="region", aria_label=say("Serial numbers"))[
        table[
            thead[tr[(th(scope="col")[title] for title in titles)]],
            tbody[
                (
                    tr[
                        td[a(".serial", href=unit_path(unit))[unit.serial]], td[unit.sku], td[_signs(unit)],
                        td[unit.location or ""], td[unit.order or ""], td[unit.lot or ""], td[day(unit.expiry)],
                    ]
                    for unit in units
                )
            ],
        ]
    ]  # fmt: skip


def _signs(unit: UnitSummary | UnitDetail) -> Node:
    status = (
        ADJUSTMENTS.get(unit.adjustment or "") if unit.adjustment not in {"FOUND", "RETURNED_FROM_VENDOR"} else None
    )
    return span(".row")[sign(status or term_of(UNIT_STATUSES, unit.status)), unit.on_hold and sign(HELD)]


def unit_path(unit: UnitSummary | UnitDetail) -> str:
    """Return the address of a unit."""
    return path_of("units", unit.sku, unit.serial)


def unit_page(unit: UnitDetail) -> Node:
    """Show one unit."""
    return [
        heading(unit.serial, _signs(unit), unit.product, back=(say("Serial Number Lookup"), "/units")),
        unit_detail(unit),
    ]
