"""Views are pure: models in, HTML out."""

import json
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from htpy import Node, fragment
from pydantic import TypeAdapter

from deploy.vendor import VENDOR, read_lock, sha512
from services.console.clients.receipts import (
    LotVerdict,
    Receipt,
    Receipts,
    ScanAnswer,
    SerialVerdict,
    Session,
    Sessions,
)
from services.console.clients.returns import Returns
from services.console.clients.serials import StatusCount, Units
from services.console.design.formats import day, days_left, in_zone, moment, quantity
from services.console.design.problems import Refusal, page_of, refused
from services.console.design.station import Outcome, Progress, Station, Task, Verdict, outcome_rows, station
from services.console.design.words import speaking
from services.console.live.hub import Hub, names_of
from services.console.page import FailedPart
from services.console.receiving.handlers import _items, _verdicts
from services.console.receiving.queries import own_session
from services.console.receiving.views import receipts_list
from services.console.returns.views import returns_page
from services.console.stations import partial_verdicts
from services.console.units.queries import Filters, Found
from services.console.units.views import results
from shared.auth.identity import is_subject
from shared.identifiers import DocumentId
from shared.messaging.feed import FeedEvent, read_event

NOW = datetime(2026, 11, 30, 20, 15, tzinfo=UTC)


def html(*nodes: Node) -> str:
    """Return the text of nodes."""
    return str(fragment[nodes])


def test_lists_show_why_they_are_empty_or_failed() -> None:
    """An empty list says what to do; a service that does not answer is named, with a way to try again."""
    assert "No receipts here" in html(receipts_list(Receipts(items=[]), "open", "", ""))
    failed = html(receipts_list(FailedPart("receiving"), "open", "x", ""))
    assert "Receiving does not answer" in failed
    assert 'href="/receiving?tab=open&amp;q=x"' in failed


def test_a_list_shows_its_entries_and_the_next_page() -> None:
    """S13: number, supplier and status of a receipt; the cursor leads on."""
    receipt = Receipt(
        receipt="R/1", kind="ASN", warehouse="EAST", supplier="<Acme>", expected_at=NOW, status="PLANNED",
        created_at=NOW, ended_at=None, reason="",
    )  # fmt: skip
    shown = html(receipts_list(Receipts(items=[receipt], next="c2"), "due", "", ""))
    assert 'href="/receiving/R%2F1"' in shown
    assert "&lt;Acme&gt;" in shown
    assert "cursor=c2" in shown


def test_the_lookup_counts_each_status() -> None:
    """S47: a chip for each status with its number; a count that stops says so."""
    counts = {"EXPECTED": StatusCount(units=3, has_more=False), "SHIPPED": StatusCount(units=1000000, has_more=True)}
    shown = html(results(Found(Units(items=[]), counts), Filters(q="PU", status="SHIPPED")))
    assert "1000000+" in shown
    assert "No serial number found" in shown
    assert 'href="/units?q=PU&amp;status=EXPECTED"' in shown


def test_rows_carry_tone_undo_and_progress() -> None:
    """S16: a row says what the scan was worth, and how to take it back; the counter knows its time."""
    verdict = Verdict("PU-1", "good", "Accepted", undo={"sku": "PUMP", "serials": ["PU-1"]})
    shown = html(*outcome_rows(Outcome([verdict], [Progress("1", Decimal(7), Decimal(12))], NOW)))
    assert 'data-tone="good"' in shown
    assert "PUMP" in shown
    assert f'id="done-1" data-as-of="{NOW.isoformat()}"' in shown.replace('class="count" ', "")


LABEL_OF_UNIT, LABEL_OF_LOT = "]d2010400638133393121PU-7\x1d17270131", "]d201040063813339311727013110L-9\x1d3024"


@pytest.mark.parametrize(
    ("text", "body", "items"),
    [
        ("PU-1\r", {"sku": "PUMP"}, {"sku": "PUMP", "scans": ["PU-1\r"]}),
        ("PU-1", {"sku": ""}, {"scans": ["PU-1"]}),
        (LABEL_OF_UNIT, {"sku": "PUMP"}, {"scans": [LABEL_OF_UNIT]}),
        (LABEL_OF_UNIT, {"sku": "SALINE", "tracking": "LOT", "quantity": "5"}, {"scans": [LABEL_OF_UNIT]}),
        (LABEL_OF_LOT, {"sku": "SALINE", "tracking": "LOT", "quantity": ""}, {"scans": [LABEL_OF_LOT]}),
        (
            "]d201040063813339311727013110L-9", {"quantity": "24"},
            {"barcode": "04006381333931", "lots": [{"lot": "L-9", "expiry": "2027-01-31", "quantity": "24"}]},
        ),
        (
            "L-9", {"sku": "SALINE", "quantity": "5", "expiry": "2027-01-31"},
            {"sku": "SALINE", "lots": [{"lot": "L-9", "expiry": "2027-01-31", "quantity": "5"}]},
        ),
        (
            "5", {"sku": "TAPE", "tracking": "NONE", "quantity": "5"},
            {"sku": "TAPE", "lots": [{"lot": "", "quantity": "5"}]},
        ),
    ],
)  # fmt: skip
def test_scans_become_commands(text: str, body: dict[str, str], items: dict[str, object]) -> None:
    """S14: the raw scan is passed on, with the chosen product unless its label names one; typed fields make a lot."""
    assert _items([text], body) == items


def test_answers_of_several_products_and_unread_scans_have_verdicts() -> None:
    """S16: each result is undone for its own product; an unread scan says why, and what it may be."""
    problem = {"code": "ambiguous_scan", "title": "May be several", "detail": "why.", "ids": ["X"], "suggested": ["A"]}
    result = SerialVerdict(serial="PU-1", status="ACCEPTED", sku="PUMP")
    known = problem | {"code": "expired", "ids": ["PU-1"]}
    answer = ScanAnswer(sku=None, accepted=1, unmatched=0, scan_results=[result], rejected=[known, problem])
    good, bad = _verdicts(answer)
    assert good.undo == {"sku": "PUMP", "serials": ["PU-1"]}
    assert (bad.text, bad.tone, bad.help) == ("X", "bad", "why. Possible instead: A")


def test_verdicts_tell_good_from_set_aside_and_refused() -> None:
    """S16: only what is recorded can be undone."""
    answer = ScanAnswer(
        sku="PUMP", accepted=1, unmatched=1,
        scan_results=[
            SerialVerdict(serial="A", status="ACCEPTED"), SerialVerdict(serial="B", status="UNEXPECTED"),
            SerialVerdict(serial="C", status="DUPLICATE_IN_RECEIPT"), SerialVerdict(serial="D", status="INVALID"),
        ],
        lots=[LotVerdict(lot="L", status="EXPIRED", expiry=date(2026, 1, 1))],
    )  # fmt: skip
    verdicts = _verdicts(answer)
    assert [verdict.tone for verdict in verdicts] == ["good", "warn", "warn", "bad", "bad"]
    assert [verdict.undo is not None for verdict in verdicts] == [True, True, False, False, False]


def test_rejected_items_have_their_own_verdict() -> None:
    """Of several items the refused ones carry the reason and what would be accepted."""
    problem = {"code": "x", "title": "No", "detail": "why.", "ids": ["B"], "suggested": ["C"]}
    good, bad = partial_verdicts(["A", "B"], [problem], "Packed")
    assert (good.tone, bad.tone, bad.help) == ("good", "bad", "why. Possible instead: C")


def test_who_may_not_scan_sees_the_tasks_and_why() -> None:
    """A viewer has nothing to scan into, but sees what is done and which role it takes."""
    task = Task("PUMP", "A-01", "PU-1", Progress("1", Decimal(0), Decimal(1)))
    shown = Station(lane="pick:SO-1", path="/p", body={}, tasks=[task])
    assert "data-station" in html(station(shown, may_scan=True))
    looked_at = html(station(shown, "Short", may_scan=False))
    assert "It takes the role Operator" in looked_at
    assert "0 / 1" in looked_at
    assert not any(part in looked_at for part in ("data-station", "<form", "<button", "Short"))
    assert "<form" in html(returns_page(Returns(items=[]), "", may_receive=True))
    assert "<form" not in html(returns_page(Returns(items=[]), "", may_receive=False))


def test_a_person_has_one_open_session_a_receipt() -> None:
    """An open session is used again; after it ended the next one has the next number."""
    open_one = Session(session="otto-1", owner="otto", status="OPEN", opened_at=NOW)
    other = open_one.model_copy(update={"session": "vera-1", "owner": "vera"})
    ended = open_one.model_copy(update={"status": "CONFIRMED"})
    assert own_session(Sessions(items=[open_one, other]), "otto") == ("otto-1", True)
    assert own_session(Sessions(items=[ended, other]), "otto") == ("otto-2", False)


@pytest.mark.parametrize("person", ["Anna Berg", "a~!/b c", "anna " * 12 + "berg"])
def test_a_session_of_any_person_has_a_valid_name(person: str) -> None:
    """A name with spaces names a session that receiving accepts, and never the session of somebody else."""
    assert is_subject(person)
    name, _ = own_session(Sessions(items=[]), person)
    assert TypeAdapter(DocumentId).validate_python(name) == name
    other = Session(session=name, owner=name[:-2], status="OPEN", opened_at=NOW)
    assert own_session(Sessions(items=[other]), person)[0] == f"{name[:-2]}-2"


def test_a_refusal_names_its_blockers_and_remedies() -> None:
    """The page of what blocks is linked; unknown kinds of paths are named only."""
    shown = html(refused(Refusal("c", "No", "why", "do this", (), ("/orders/SO-1", "/carts/9"), ("A-01",))))
    assert "do this" in shown
    assert "A-01" in shown
    assert page_of("/serials/PUMP/PU-1") == "/units/PUMP/PU-1"
    assert page_of("/carts/9") is None


def test_days_and_numbers_follow_language_and_zone() -> None:
    """Times are those of the warehouse, numbers those of the reader."""
    with in_zone("Europe/Berlin"):
        assert moment(NOW) == "30 Nov 2026, 21:15"
        with speaking("de"):
            assert (quantity(Decimal("1234.50")), day(date(2027, 1, 31))) == ("1.234,5", "31.01.2027")
    assert days_left(date(2027, 1, 31), date(2027, 1, 1)) == "30 days left"
    assert days_left(date(2026, 12, 31), date(2027, 1, 1)) == "expired 1 day ago"


async def test_the_hub_tells_watchers_the_kinds_of_changes() -> None:
    """An event names receipt, units and more; a connection hears what it watches, each kind once."""
    event = read_event(json.dumps({"type": "t", "data": {"receipt": "R", "sku": "P", "serials": ["1"]}}).encode())
    assert event is not None
    assert names_of(event) == {"receipt:R", "sku:P", "unit:P/1", "counts"}
    hub = Hub()
    with hub.connect({"receipt:R", "unit:P/1"}) as connection, hub.connect({"receipt:Q"}) as other:
        hub.receive(event)
        hub.receive(event)
        assert await anext(connection.kinds(1)) == ["receipt", "unit"]
        assert await anext(other.kinds(0.01)) == []


def test_the_feed_skips_what_is_no_event() -> None:
    """Bytes that are no JSON object with data are passed over."""
    assert read_event(b"\xff") is None
    assert read_event(b"[]") is None
    assert read_event(b'{"type":"t","data":{}}') == FeedEvent("t", {})


def test_vendored_files_are_those_of_the_lock() -> None:
    """Each file has the sha512 of the lock file, a licence is beside it, and no other file is there."""
    files = {file["to"]: file["sha512"] for package in read_lock() for file in package["files"]}
    assert {name: sha512((VENDOR / name).read_bytes()) for name in files} == files
    assert {path.name for path in VENDOR.iterdir()} == {*files, "vendor.lock"}
    assert all(any("LICENSE" in file["to"] for file in package["files"]) for package in read_lock())
