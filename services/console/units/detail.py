"""One unit: where it is, on its way, holds, history."""

from datetime import date

from htpy import Element, Node, a, div, h2, li, ol, p, section, span

from services.console.clients.http import path_of
from services.console.clients.serials import HistoryEntry, UnitDetail
from services.console.design.formats import day, days_left, moment, today
from services.console.design.parts import facts, joined, notice, stepper
from services.console.design.terms import CHANGES, UNIT_STATUSES
from services.console.design.words import count, say

STEPS = tuple(UNIT_STATUSES)


def unit_detail(unit: UnitDetail) -> Element:
    """Show everything about a unit; it is asked for anew when the unit changes."""
    return div(
        ".stack", id="unit", data_fragment="", hx_get=path_of("units", unit.sku, unit.serial, "detail"),
        hx_trigger="unit from:body, refresh", hx_swap="outerMorph",
    )[
        (
            notice("bad", say("On hold: {reason}", reason=hold.reason), p[_by(hold.opened_by, moment(hold.opened_at))])
            for hold in unit.holds
        ),
        unit.expectation_cancelled and notice("warn", say("No receipt expects this unit any more")),
        section(".card", aria_label=say("On its way"))[
            stepper([say(UNIT_STATUSES[code].word) for code in STEPS], STEPS.index(unit.status))
        ],
        div(".columns.detail")[
            section(".card", aria_labelledby="facts")[h2(id="facts")[say("Details")], _facts(unit, today())],
            section(".card", aria_labelledby="history")[
                h2(id="history")[say("History")],
                p(".quiet")[count(len(unit.history), "{number} entry, newest first", "{number} entries, newest first")],
                ol(".timeline")[(_entry(entry) for entry in reversed(unit.history))],
            ],
        ],
    ]  # fmt: skip


def _facts(unit: UnitDetail, on: date) -> Element:
    product = a(href=f"/units?sku={unit.sku}")[unit.sku]
    expiry = f"{day(unit.expiry)} · {days_left(unit.expiry, on)}" if unit.expiry else ""
    ends_on = unit.warranty_ends_on
    warranty = f"{day(unit.warranty_starts_on)} – {day(ends_on)}" if ends_on else ""
    receipt = unit.receipt and a(href=path_of("receiving", unit.receipt))[unit.receipt]
    customer = joined(unit.customer_name, unit.customer)
    return facts(
        [
            (say("Product"), product),
            (say("Name"), unit.product),
            (say("Location"), unit.location),
            (say("Last location"), None if unit.location else unit.last_location),
            (say("Lot"), unit.lot and a(href=f"/units?lot={unit.lot}")[unit.lot]),
            (say("Expires"), expiry),
            (say("Made on"), day(unit.manufactured_on)),
            (say("Receipt"), receipt),
            (say("Received"), moment(unit.received_at)),
            (say("Order"), unit.order),
            (say("Customer"), customer),
            (say("Shipment"), unit.shipment),
            (say("Shipped"), moment(unit.shipped_at)),
            (say("Return"), unit.return_id),
            (say("Warranty"), warranty),
        ]
    )


def _entry(entry: HistoryEntry) -> Element:
    return li[
        span(".what")[say(CHANGES.get(entry.change, entry.change))],
        _places(entry),
        entry.document and span[entry.document],
        _tells_more(entry) and span[say("Reason: {reason}", reason=entry.reason)],
        span(".by")[_by(entry.actor, moment(entry.occurred_at))],
    ]


def _tells_more(entry: HistoryEntry) -> bool:
    """Return whether the reason says more than the change itself."""
    return entry.reason.lower() not in {"", entry.change.lower().replace("_", " "), entry.status.lower()}


def _places(entry: HistoryEntry) -> Node:
    if entry.location and entry.from_location and entry.location != entry.from_location:
        return span[f"{entry.from_location} → {entry.location}"]
    return (entry.location or entry.from_location) and span[entry.location or entry.from_location]


def _by(actor: str, at: str) -> str:
    return f"{at} · {actor}"
