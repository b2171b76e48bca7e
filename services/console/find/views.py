"""The page of the search for anything: hits by kind, or what was read."""

from htpy import Element, Node, a, div, form, h2, label, li, p, section, span, ul
from htpy import input as input_

from services.console.clients.http import path_of
from services.console.clients.receipts import ParsedScan
from services.console.design.formats import day
from services.console.design.layout import heading
from services.console.design.parts import empty, facts, failed, joined, sign, term_of
from services.console.design.terms import RECEIPT_STATUSES, UNIT_STATUSES
from services.console.design.words import say
from services.console.find.queries import Hits
from services.console.page import FailedPart

KINDS = {
    "TEXT": "Text", "GTIN": "A GTIN, the barcode of a product", "SSCC": "An SSCC, the number of a carton or pallet",
    "GS1_ELEMENT_STRING": "A GS1 label", "GS1_DIGITAL_LINK": "A GS1 Digital Link", "URL": "A web address",
    "SEVERAL_VALUES": "Several values in one scan", "RANGE": "A range",
}  # fmt: skip


def find_page(hits: Hits | None) -> Node:
    """Show the box, and what was found."""
    return [
        heading(say("Find")),
        form(".stack", action="/find", role="search")[
            div(".field")[
                label(for_="q")[say("Scan or type anything: serial, receipt, product, label")],
                input_(
                    id="q", name="q", type="search", value=hits.text if hits else "", autocomplete="off",
                    autocapitalize="none", spellcheck="false", autofocus=True, class_="serial",
                ),
            ],
        ],
        _hits(hits) if hits else empty(
            "find", say("A number opens what it is"),
            say("Scan a label or type at least 3 characters, then press Enter."),
        ),
    ]  # fmt: skip


def _hits(hits: Hits) -> Node:
    failures = {part.service for part in (hits.units, hits.receipts, hits.parsed) if isinstance(part, FailedPart)}
    products = _products(hits)
    units = [] if isinstance(hits.units, FailedPart) else hits.units.items
    receipts = [] if isinstance(hits.receipts, FailedPart) else hits.receipts.items
    found: Node = [
        products and _section("products", say("Products"), [
            (f"/units?sku={sku}", sku, None, say("Units of this product")) for sku in products
        ]),
        units and _section("units", say("Serial numbers"), [
            (path_of("units", unit.sku, unit.serial), unit.serial, sign(term_of(UNIT_STATUSES, unit.status)),
             joined(unit.sku, unit.location))
            for unit in units
        ]),
        receipts and _section("receipts", say("Receipts"), [
            (path_of("receiving", each.receipt), each.receipt, sign(term_of(RECEIPT_STATUSES, each.status)),
             joined(each.supplier, each.warehouse))
            for each in receipts
        ]),
    ]  # fmt: skip
    nothing = not (products or units or receipts or failures)
    return [
        (failed(service, "/find") for service in sorted(failures)),
        empty("find", say("Nothing has this number"), say("Check for O and 0, and for other capitals."))
        if nothing
        else found,
        _reading(hits),
    ]


def _products(hits: Hits) -> list[str]:
    if not isinstance(hits.parsed, ParsedScan):
        return []
    return sorted({each.sku or each.id for each in hits.parsed.candidates if each.kind == "PRODUCT"})


def _section(name: str, title: str, entries: list[tuple[str, str, Element | None, str]]) -> Element:
    return section(".stack", aria_labelledby=name)[
        h2(id=name)[title],
        ul(".list")[
            (
                li[
                    a(href=href)[
                        span(".title.serial")[text], span(".side-note")[mark], span(".below")[below]
                    ]
                ]
                for href, text, mark, below in entries
            )
        ],
    ]  # fmt: skip


def _reading(hits: Hits) -> Node:
    """Show what the text was read as, for labels with more than a plain number."""
    if not isinstance(hits.parsed, ParsedScan) or (hits.parsed.kind == "TEXT" and not hits.parsed.problems):
        return None
    parsed = hits.parsed
    return section(".card", aria_labelledby="reading")[
        h2(id="reading")[say("What was read")],
        facts(
            [
                (say("Kind"), say(KINDS.get(parsed.kind, parsed.kind))),
                (say("GTIN"), parsed.gtin), (say("Serial number"), parsed.serial), (say("Lot"), parsed.lot),
                (say("Expires"), day(parsed.expiry)), (say("SSCC"), parsed.sscc),
            ]
        ),
        (p[problem.detail] for problem in parsed.problems),
    ]  # fmt: skip
