"""The review of a session before it is confirmed: announced, scanned, set aside."""

from uuid import uuid4

from htpy import Element, Node, a, button, div, form, h2, li, p, span, ul
from htpy import input as input_

from services.console.clients.http import path_of
from services.console.clients.receipts import ReceiptDetail, SessionDetail
from services.console.design.formats import day, quantity
from services.console.design.layout import heading
from services.console.design.parts import empty, notice
from services.console.design.problems import Refusal, refused
from services.console.design.terms import SCAN_VERDICTS
from services.console.design.words import count, say
from services.console.receiving.queries import lane_of

MAX_SHOWN = 500


def review_page(
    receipt: ReceiptDetail, session: SessionDetail | None, *, may_confirm: bool, refusal: Refusal | None = None
) -> Node:
    """Show what a session would receive and set aside, with the button that confirms it."""
    base = path_of("receiving", receipt.receipt)
    head = heading(say("Review"), receipt.receipt, back=(say("Back to scanning"), base))
    scans = session.scans.items if session else []
    lots = session.lots if session else []
    if session is None or session.status != "OPEN" or not (scans or lots):
        nothing = empty(
            "receiving",
            say("Nothing to confirm"),
            say("Scan the delivery first."),
            a(".button", href=base)[say("Scan")],
        )
        return [head, refusal and refused(refusal), nothing]
    accepted = [scan for scan in scans if scan.status == "ACCEPTED"]
    aside = [scan for scan in scans if scan.status != "ACCEPTED"]
    accepted_lots = [lot for lot in lots if lot.status == "SCANNED"]
    lots_aside = [lot for lot in lots if lot.status != "SCANNED"]
    hidden = max(len(accepted) - MAX_SHOWN, 0) + max(len(accepted_lots) - MAX_SHOWN, 0)
    return [
        head,
        refusal and refused(refusal),
        div(".tiles")[
            _tile(str(len(accepted)), say("Units accepted")),
            lots and _tile(quantity(sum(lot.quantity for lot in accepted_lots)), say("Of lots accepted")),
            _tile(str(len(aside) + len(lots_aside)), say("Set aside")),
        ],
        (aside or lots_aside) and notice(
            "warn", count(len(aside) + len(lots_aside), "{number} item is set aside", "{number} items are set aside"),
            p[say("Keep them apart at the dock. A supervisor decides what happens to them.")],
        ),
        (aside or lots_aside) and div(".stack")[h2[say("Set aside")], ul(".list")[
            (_entry(scan.serial, scan.sku, SCAN_VERDICTS.get(scan.status, scan.status)) for scan in aside),
            (_entry(lot.lot, f"{lot.sku} × {quantity(lot.quantity)}", SCAN_VERDICTS.get(lot.status, lot.status))
             for lot in lots_aside),
        ]],
        (accepted or accepted_lots) and div(".stack")[h2[say("Accepted")], ul(".list")[
            (_entry(scan.serial, scan.sku, day(scan.expiry)) for scan in accepted[:MAX_SHOWN]),
            (_entry(lot.lot or say("without lot"), f"{lot.sku} × {quantity(lot.quantity)}", day(lot.expiry))
             for lot in accepted_lots[:MAX_SHOWN]),
        ], hidden > 0 and p(".quiet")[say("{number} more are accepted", number=hidden)]],
        _confirm_form(receipt.receipt, session) if may_confirm else notice(
            "announced", say("Your role may look, not confirm"), p[say("An operator confirms a session.")]
        ),
    ]  # fmt: skip


def _confirm_form(receipt: str, session: SessionDetail) -> Element:
    base = path_of("receiving", receipt)
    return form(
        ".stack", method="post", action=f"{base}/confirm", data_lane=lane_of(receipt), data_session=session.session
    )[
        p(".unsent", data_held_back="", hidden=True, role="status"),
        input_(type="hidden", name="session", value=session.session),
        input_(type="hidden", name="units", value=str(len(session.scans.items))),
        input_(type="hidden", name="quantity", value=str(sum(lot.quantity for lot in session.lots))),
        input_(type="hidden", name="key", value=str(uuid4())),
        div(".bar.fixed")[
            a(".button", href=base)[say("Scan more")],
            button(".primary", type="submit", data_confirm="")[say("Confirm")],
        ],
    ]


def _tile(number: str, text: str) -> Element:
    return div(".tile")[span(".n")[number], span(".label")[text]]


def _entry(title: str, below: str, word: str) -> Element:
    return li[
        div(".line")[
            span(".title.serial")[title],
            span(".side-note.quiet")[say(word)],
            span(".below")[below],
        ]
    ]
