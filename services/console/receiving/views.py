"""Pages of receipts: the list, and one receipt with its scan station."""

from htpy import (
    Element,
    Node,
    a,
    button,
    div,
    form,
    h2,
    label,
    li,
    p,
    span,
    ul,
)
from htpy import (
    input as input_,
)

from services.console.clients.http import path_of
from services.console.clients.receipts import Product, Receipt, ReceiptLine, Receipts
from services.console.design.formats import moment, quantity
from services.console.design.layout import heading
from services.console.design.parts import address, chip, empty, failed, joined, notice, pager, sign, term_of
from services.console.design.station import Place, Progress, Station, Task, paste_dialog, station
from services.console.design.terms import RECEIPT_KINDS, RECEIPT_STATUSES
from services.console.design.words import say
from services.console.page import FailedPart
from services.console.receiving.queries import StationData, lane_of

TAB_WORDS = {"open": "Open", "due": "Due", "arrived": "Arrived", "closed": "Closed"}
QUICK_ATTEMPTS, MAX_ATTEMPTS = 16, 100


def receipts_page(found: Receipts | FailedPart, tab: str, search: str, cursor: str) -> Node:
    """Show the receipts of a tab."""
    return [
        heading(say("Receiving")),
        div(".chips.scroll", role="group", aria_label=say("Which receipts"))[
            (
                chip(say(word), address("/receiving", tab=name, q=search), is_current=name == tab)
                for name, word in TAB_WORDS.items()
            )
        ],
        form(".filters", action="/receiving", role="search")[
            input_(type="hidden", name="tab", value=tab),
            div(".field")[
                label(for_="q")[say("Receipt or supplier")],
                input_(id="q", name="q", type="search", value=search, autocomplete="off"),
            ],
        ],
        div(
            ".stack", id="receipts", data_fragment="",
            hx_get=address("/receiving/list", tab=tab, q=search, cursor=cursor),
            hx_trigger="counts from:body delay:500ms, refresh", hx_swap="innerMorph",
        )[receipts_list(found, tab, search, cursor)],
    ]  # fmt: skip


def receipts_list(found: Receipts | FailedPart, tab: str, search: str, cursor: str) -> Node:
    """Show receipts as a list, or why there is none."""
    here = address("/receiving", tab=tab, q=search)
    if isinstance(found, FailedPart):
        return failed(found.service, here)
    if not found.items:
        advice = say("Nothing matches. Look at another tab, or search for less.")
        if tab == "open" and not search:
            advice = say("No delivery is announced. The purchasing system announces the next one.")
        return empty("receiving", say("No receipts here"), advice)
    return [
        ul(".list")[(li[_receipt_entry(receipt)] for receipt in found.items)],
        pager("/receiving", {"tab": tab, "q": search, "cursor": cursor}, found.next),
    ]


def _receipt_entry(receipt: Receipt) -> Element:
    when = moment(receipt.expected_at) if receipt.expected_at else say("no day announced")
    return a(href=path_of("receiving", receipt.receipt))[
        span(".title")[receipt.receipt],
        span(".side-note")[sign(term_of(RECEIPT_STATUSES, receipt.status))],
        span(".below")[joined(receipt.supplier, receipt.warehouse, when)],
    ]


def receipt_page(data: StationData, *, may_scan: bool, received: str = "", expected: int = 0) -> Node:
    """Show one receipt with its scan station."""
    receipt = data.receipt
    is_open = receipt.status in {"PLANNED", "IN_PROGRESS"}
    head = heading(
        receipt.receipt,
        sign(term_of(RECEIPT_STATUSES, receipt.status)),
        " · ".join(
            part for part in (receipt.supplier, receipt.warehouse, say(RECEIPT_KINDS[receipt.kind].word)) if part
        ),
        back=(say("Receiving"), "/receiving"),
    )
    return [
        head,
        arrival(receipt.receipt, received, expected) if received else None,
        data.others and notice(
            "announced", say("{people} scans this receipt too", people=", ".join(data.others)),
            p[say("Each of you confirms your own scans.")],
        ),
        scan_station(data, may_scan=may_scan) if is_open else _closed(data),
    ]  # fmt: skip


def arrival(receipt: str, received: str, expected: int) -> Element:
    """Show that what was received is on its way to the registry of serial numbers; it asks until it is there."""
    return _on_its_way(receipt, (received, expected), 0, "load")


def arrival_state(receipt: str, counts: tuple[str, int], attempt: int, arrived: int | FailedPart) -> Element:
    """Show whether all units of the receipt are in the registry; it asks again until they are, or for long."""
    received, expected = counts
    if isinstance(arrived, int) and arrived >= expected:
        title = say("{number} received and in the books", number=received)
        there = p[say("They wait at the dock to be put away.")]
        return div(id="arrival", data_settled="")[notice("good", title, there, role="status")]
    trigger = None if attempt >= MAX_ATTEMPTS else "load delay:300ms" if attempt < QUICK_ATTEMPTS else "load delay:3s"
    return _on_its_way(receipt, counts, attempt + 1, trigger)


def _on_its_way(receipt: str, counts: tuple[str, int], attempt: int, trigger: str | None) -> Element:
    received, expected = counts
    again = address(
        path_of("receiving", receipt, "arrival"), received=received, expect=str(expected), attempt=str(attempt)
    )
    title = say("{number} received", number=received)
    return div(id="arrival", hx_get=again, hx_trigger=trigger, hx_swap="outerHTML")[
        notice("announced", title, p[say("On their way into the books …")], role="status")
    ]


def scan_station(data: StationData, *, may_scan: bool) -> Node:
    """Show where to scan: dock, lines, box, verdicts."""
    receipt = data.receipt
    base = path_of("receiving", receipt.receipt)
    if not data.locations:
        return notice("bad", say("This warehouse has no dock"), p[say("Define a dock or staging place first.")])
    lines = receipt.lines.items
    unfinished = {line.sku for line in lines if line.scanned + line.received < line.expected_quantity}
    shown = Station(
        lane=lane_of(receipt.receipt), path=f"{base}/scans", undo_path=f"{base}/undos",
        body={"session": data.session}, tasks_label=say("Products of this receipt"),
        place=Place("location", say("Received at"), data.locations),
        tasks=[_task(line, data.products.get(line.sku), is_chosen={line.sku} == unfinished) for line in lines],
        has_lot_fields=any(product.tracking != "SERIAL" for product in data.products.values()),
    )  # fmt: skip
    nothing = notice("announced", say("Nothing is announced on this receipt"), p[say("Every scan is set aside.")])
    return [
        station(
            shown,
            button(type="button", data_paste="")[say("Paste")],
            a(".button.primary", href=address(f"{base}/review", session=data.session), data_confirm="")[say("Review")],
            may_scan=may_scan,
            above=None if lines else nothing,
        ),
        paste_dialog() if may_scan else None,
    ]


def _task(line: ReceiptLine, product: Product | None, *, is_chosen: bool) -> Task:
    return Task(
        line.sku, line.sku, product.name if product else say("product not known yet"),
        Progress(line.line, line.scanned + line.received, line.expected_quantity),
        product.tracking if product else "SERIAL",
        [barcode.code for barcode in product.barcodes] if product else (),
        is_chosen,
    )  # fmt: skip


def _closed(data: StationData) -> Element:
    return div(".stack")[
        h2[say("Lines")],
        ul(".list")[
            (
                li[
                    div(".line")[
                        span(".title")[line.sku],
                        span(".side-note")[f"{quantity(line.received)} / {quantity(line.expected_quantity)}"],
                        span(".below")[name.name if (name := data.products.get(line.sku)) else ""],
                    ]
                ]
                for line in data.receipt.lines.items
            )
        ],
    ]
