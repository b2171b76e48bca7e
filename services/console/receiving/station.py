"""The scan station of a receipt: place, lines, box, verdict, rows."""

import json
from collections.abc import Sequence

from htpy import (
    Element,
    Node,
    a,
    button,
    dialog,
    div,
    fieldset,
    form,
    h2,
    label,
    li,
    ol,
    option,
    p,
    section,
    select,
    small,
    span,
    textarea,
)
from htpy import (
    input as input_,
)

from services.console.clients.http import path_of
from services.console.clients.receiving import LineProgress, Product, ReceiptLine
from services.console.design.formats import quantity
from services.console.design.icons import icon
from services.console.design.parts import address, bar, notice
from services.console.design.words import say
from services.console.receiving.handlers import Outcome
from services.console.receiving.queries import StationData

MARKS = {"good": "✓", "warn": "!", "bad": "✕"}


def scan_station(data: StationData, location: str) -> Element:
    """Show where to scan: place, lines, box, verdict, rows."""
    receipt = data.receipt
    body = {"session": data.session, "location": location}
    base = path_of("receiving", receipt.receipt)
    review = address(f"{base}/review", session=data.session)
    return section(
        ".scanner", data_station="", data_lane=f"receipt:{receipt.receipt}", data_path=f"{base}/scans",
        data_undo_path=f"{base}/undos", data_body=json.dumps(body), aria_label=say("Scan station"),
    )[
        div(".columns.station")[
            div(".stack")[
                _location_choice(base, data.locations, location),
                lines_part(data),
                _scan_form(data),
            ],
            div(".stack")[
                div(".unsent", data_unsent="", hidden=True, role="status"),
                div(".verdict", data_verdict="", role="status", aria_live="polite")[
                    span(".mark", {"aria-hidden": "true"})["▸"],
                    span(".word")[say("Ready")],
                    span(".help.quiet")[say("Scan the first item.")],
                ],
                ol(".scans", data_scans="", aria_label=say("Your scans, newest first")),
            ],
        ],
        div(".bar.fixed")[
            button(type="button", data_undo_last="")[say("Undo")],
            button(type="button", data_paste="")[say("Paste")],
            a(".button.primary", href=review, data_confirm="")[say("Review")],
        ],
        _paste_dialog(),
    ]  # fmt: skip


def _location_choice(base: str, locations: Sequence[str], location: str) -> Element:
    if not locations:
        return notice("bad", say("This warehouse has no dock"), p[say("Define a dock or staging place first.")])
    return form(".place", method="get", action=base)[
        label(for_="at")[say("Received at")],
        select(id="at", name="at", data_submit="")[
            (option(value=each, selected=each == location)[each] for each in locations)
        ],
    ]


def lines_part(data: StationData) -> Element:
    """Show the lines of a receipt; a tap chooses the product that is scanned."""
    lines = data.receipt.lines.items
    open_lines = [line for line in lines if line.scanned + line.received < line.expected_quantity] or lines
    chosen = open_lines[0].line if len({line.sku for line in open_lines}) == 1 and open_lines else None
    if not lines:
        return notice("announced", say("Nothing is announced on this receipt"), p[say("Every scan is set aside.")])
    return div(".lines", role="group", aria_label=say("Products of this receipt"))[
        (_line(line, data.products.get(line.sku), is_chosen=line.line == chosen) for line in lines)
    ]


def _line(line: ReceiptLine, product: Product | None, *, is_chosen: bool) -> Element:
    name = product.name if product else say("product not known yet")
    barcodes = " ".join(barcode.code.lstrip("0") for barcode in product.barcodes) if product else ""
    texts = {"SERIAL": say("Scan or type a serial number"), "LOT": say("Scan or type a lot number")}
    tracking = product.tracking if product else "SERIAL"
    progress = LineProgress(
        line=line.line, expected_quantity=line.expected_quantity, scanned=line.scanned, received=line.received
    )
    return button(
        ".pick-line", type="button", aria_pressed=str(is_chosen).lower(), data_sku=line.sku, data_tracking=tracking,
        data_barcodes=barcodes, data_label=texts.get(tracking, say("Type the quantity")),
    )[
        span(".title")[line.sku, " ", small[name]],
        line_progress(progress, ""),
    ]  # fmt: skip


def line_progress(line: LineProgress, as_of: str) -> list[Node]:
    """Show how much of a line is scanned or received, as number and as bar."""
    done = line.scanned + line.received
    number = span(".count", id=f"line-{line.line}", data_as_of=as_of)[
        quantity(done), small[" / ", quantity(line.expected_quantity)]
    ]
    shown = bar(float(done), float(line.expected_quantity), say("Progress"), id_=f"bar-{line.line}", as_of=as_of)
    return [number, shown]


def _scan_form(data: StationData) -> Node:
    box = form(".scan-box", autocomplete="off")[
        div(".field")[
            label(for_="scan", data_scan_label="")[say("Scan or type a serial number")],
            input_(
                id="scan", type="text", inputmode="none", autocapitalize="none",
                spellcheck="false", enterkeyhint="done",
            ),
        ],
        button(type="button", data_keyboard="", aria_pressed="false", aria_label=say("Keyboard on the screen"))[
            icon("keyboard")
        ],
    ]  # fmt: skip
    return [_lot_fields(data), box]


def _lot_fields(data: StationData) -> Element | None:
    if all(product.tracking == "SERIAL" for product in data.products.values()):
        return None
    return fieldset(".lot-fields", data_lot_fields="", hidden=True)[
        div(".field", data_expiry="")[
            label(for_="expiry")[say("Expires on")], input_(id="expiry", name="expiry", type="date")
        ],
        div(".field")[
            label(for_="quantity")[say("Quantity")],
            input_(id="quantity", name="quantity", type="text", inputmode="decimal"),
        ],
    ]


def _paste_dialog() -> Element:
    return dialog(id="paste", aria_labelledby="paste-title")[
        form(".stack", method="dialog")[
            h2(id="paste-title")[say("Paste serial numbers")],
            div(".field")[
                label(for_="pasted")[say("One a line, at most 500")],
                textarea(id="pasted", rows="8", spellcheck="false"),
            ],
            div(".actions")[
                button(".primary", type="submit")[say("Scan them")],
                button(type="button", data_close="")[say("Cancel")],
            ],
        ]
    ]


def outcome_rows(outcome: Outcome) -> list[Node]:
    """Show the verdicts of one command as rows, with the counters that they changed."""
    as_of = outcome.as_of.isoformat()
    return [
        *(
            li(
                data_tone=verdict.tone, data_id=verdict.text, data_undid=verdict.undid or None,
                data_undo=json.dumps(verdict.undo) if verdict.undo else None,
            )[
                span(".mark", {"aria-hidden": "true"})[MARKS[verdict.tone]],
                span(".serial")[verdict.text],
                span(".word")[say(verdict.word)],
                verdict.help and span(".help")[verdict.help],
            ]
            for verdict in outcome.verdicts
        ),
        *(line_progress(line, as_of) for line in outcome.lines),
    ]  # fmt: skip
