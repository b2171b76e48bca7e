"""Pages of shipping: shipments, and one with its check."""

from typing import NamedTuple
from uuid import uuid4

from htpy import Element, Node, a, button, div, form, h2, label, li, p, section, span, ul
from htpy import input as input_

from services.console.clients.fulfillment import Carton, DispatchCheck, Shipment, Shipments
from services.console.clients.http import path_of
from services.console.design.formats import moment
from services.console.design.layout import heading
from services.console.design.parts import address, chip, empty, facts, failed, joined, notice, pager, sign, term_of
from services.console.design.problems import Refusal, refused
from services.console.design.terms import SHIPMENT_STATUSES
from services.console.design.words import count, say
from services.console.page import FailedPart
from services.console.shipping.queries import ShipmentData

TAB_WORDS = {"open": "Ready to go", "gone": "Gone", "cancelled": "Cancelled"}


class Acts(NamedTuple):
    """What the roles of a person allow on a shipment."""

    may_dispatch: bool
    may_cancel: bool


def shipments_page(found: Shipments | FailedPart, tab: str, cursor: str) -> Node:
    """Show the shipments of a tab."""
    return [
        heading(say("Shipping")),
        div(".chips.scroll", role="group", aria_label=say("Which shipments"))[
            (
                chip(say(word), address("/shipping", tab=name), is_current=name == tab)
                for name, word in TAB_WORDS.items()
            )
        ],
        div(
            ".stack", id="shipments", data_fragment="", hx_get=address("/shipping/list", tab=tab, cursor=cursor),
            hx_trigger="counts from:body delay:1s, refresh", hx_swap="innerMorph",
        )[shipments_list(found, tab, cursor)],
    ]  # fmt: skip


def shipments_list(found: Shipments | FailedPart, tab: str, cursor: str) -> Node:
    """Show shipments as a list, or why there is none."""
    if isinstance(found, FailedPart):
        return failed(found.service, address("/shipping", tab=tab))
    if not found.items:
        advice = say("Pack an order, then make a shipment of its cartons.")
        return empty("shipping", say("No shipments here"), advice, a(".button", href="/packing")[say("Packing")])
    return [
        ul(".list")[(li[_entry(shipment)] for shipment in found.items)],
        pager("/shipping", {"tab": tab, "cursor": cursor}, found.next),
    ]


def _entry(shipment: Shipment) -> Element:
    return a(href=path_of("shipping", shipment.shipment))[
        span(".title")[shipment.shipment],
        span(".side-note")[sign(term_of(SHIPMENT_STATUSES, shipment.status))],
        span(".below")[joined(", ".join(shipment.orders[:3]), shipment.carrier, moment(shipment.created_at))],
    ]


def shipment_page(data: ShipmentData, acts: Acts, refusal: Refusal | None = None) -> Node:
    """Show a shipment: its check, what it contains, and what can be done."""
    shipment = data.shipment
    base = path_of("shipping", shipment.shipment)
    return [
        heading(
            shipment.shipment, sign(term_of(SHIPMENT_STATUSES, shipment.status)), shipment.warehouse,
            back=(say("Shipping"), "/shipping"),
        ),
        refusal and refused(refusal),
        check_part(shipment.shipment, data.check, attempt=0),
        section(".card", aria_labelledby="details")[
            h2(id="details")[say("Details")],
            facts(
                [
                    (say("Orders"), ", ".join(shipment.orders)), (say("Carrier"), shipment.carrier),
                    (say("Tracking number"), shipment.tracking_number), (say("Made"), moment(shipment.created_at)),
                    (say("By"), shipment.created_by), (say("Left"), moment(shipment.dispatched_at)),
                ]
            ),
        ],
        section(".stack", aria_labelledby="cartons")[
            h2(id="cartons")[count(len(shipment.cartons), "{number} carton", "{number} cartons")],
            ul(".list")[(li[_carton(carton)] for carton in shipment.cartons)],
        ],
        _actions(base, acts) if shipment.status == "CREATED" and not _is_checked(data.check) else None,
    ]  # fmt: skip


def _is_checked(check: DispatchCheck | None) -> bool:
    return check is not None and check.status == "PENDING"


def _carton(carton: Carton) -> Element:
    names = [str(unit.get("serial", "")) for unit in carton.units] + [str(lot.get("lot", "")) for lot in carton.stock]
    return div(".line")[
        span(".title.serial")[carton.carton],
        span(".side-note")[count(len(names), "{number} item", "{number} items")],
        span(".below.serial")[joined(*names[:12])],
    ]


def _actions(base: str, acts: Acts) -> Element:
    return div(".stack")[
        acts.may_dispatch
        and form(".bar.fixed", method="post", action=f"{base}/dispatch")[
            input_(type="hidden", name="key", value=str(uuid4())),
            button(".primary", type="submit", data_confirm="")[say("Dispatch")],
        ],
        acts.may_cancel
        and form(".card", method="post", action=f"{base}/cancel")[
            input_(type="hidden", name="key", value=str(uuid4())),
            div(".field")[
                label(for_="reason")[say("Why cancel this shipment?")],
                input_(id="reason", name="reason", required=True, maxlength="200", autocomplete="off"),
            ],
            button(".danger", type="submit")[say("Cancel the shipment")],
        ],
    ]


def check_part(shipment: str, check: DispatchCheck | None, attempt: int) -> Element:
    """Show the check before a shipment leaves; it asks again until the check has ended."""
    if check is None:
        return div(id="check")
    if check.status == "PENDING":
        again = address(path_of("shipping", shipment, "check"), check=check.check_id, attempt=str(attempt + 1))
        trigger = "load delay:300ms" if attempt < 16 else "load delay:2s"
        text = say("{approved} of {all} parts agreed", approved=check.approved_count, all=check.requested_count)
        return div(id="check", hx_get=again, hx_trigger=trigger, hx_swap="outerHTML")[
            notice("announced", say("Checking …"), p[text], role="status")
        ]
    if check.status == "REJECTED":
        return div(id="check")[
            notice(
                "bad", say("It may not leave"),
                ul[(li[reason.detail, " ", _remedy(reason.sku, reason.serial)] for reason in check.reasons)],
                role="alert",
            )
        ]  # fmt: skip
    if check.status == "DISPATCHED":
        return div(id="check")[notice("good", say("On its way to the customer"), role="status")]
    return div(id="check")


def _remedy(sku: str, serial: str) -> Node:
    return a(href=path_of("units", sku, serial))[say("Look at {serial}", serial=serial)] if serial else None
