"""Counted goods from their scan to stock.received, on the real database and over HTTP."""

from typing import Any

import httpx
import pytest

from shared.contracts.commands.receiving import (
    CloseReceipt,
    ConfirmSession,
    DisposeReturn,
    DropSession,
    ReceiveReturn,
    ResolveDiscrepancy,
    Scan,
    UndoScan,
)
from shared.contracts.lots import LotShipped
from shared.contracts.upstream import AsnChanged, ProductDefined
from tests.receiving.conftest import Line
from tests.receiving.test_http import get, post


def scan(floor: Line, *lots: dict[str, Any], sku: str | None = "MILK", **more: Any) -> Scan:
    """A scan of lots at the dock."""
    named = {
        "receipt": floor.no("R"), "session": "S", "sku": sku and floor.no(sku), "location": f"{floor.no('EAST')}/DOCK",
        "lots": lots,
    }  # fmt: skip
    return Scan.model_validate(named | more)


def lot(number: str, quantity: float | str | None = None, expiry: str | None = "2090-01-31", **more: Any) -> Any:
    """A lot as it is scanned."""
    return {"lot": number, "quantity": quantity, "expiry": expiry, **more}


async def test_from_scan_to_stock(milk: Line) -> None:
    """Several lots of a line, numbers verbatim, are received with the confirmation, not later (S23, S24, S25, S26)."""
    told = await milk.say(
        scan(milk, lot("00a/7 B", 40), lot("00A/7 B", "59.5"), lot("x", 12)),
        scan(milk, {"quantity": "1.25"}, sku="SALT"),
        scan(milk, {"quantity": "1.25"}, sku="SALT"),
        ConfirmSession(receipt=milk.no("R"), session="S", quantity="114.000"),
    )
    assert told.codes() == []
    received = told.data("stock.received.v1")
    assert [(data["line"], data["tracking"], data["supplier"]) for data in received] == [
        ("1", "LOT", "Dairy"),
        ("2", "NONE", "Dairy"),
    ]
    milks = [(one["lot"], one["quantity"], one["expiry"], one.get("hold")) for one in received[0]["lots"]]
    assert milks == [
        ("00a/7 B", 40, "2090-01-31", None), ("00A/7 B", 59.5, "2090-01-31", None), ("x", 0.5, "2090-01-31", None),
    ]  # fmt: skip
    assert received[1]["lots"] == [{"lot": "", "quantity": 2.5}]
    (over,) = told.data("discrepancy.found.v1")
    assert (over["kind"], over["lot"], over["quantity"]) == ("OVER", "x", 11.5)


async def test_a_receipt_in_parts_of_units(milk: Line, http: httpx.AsyncClient) -> None:
    """What is scanned of a counted line is no unit that was expected by name, in parts or whole (S13, S16)."""
    await milk.say(scan(milk, lot("A", 3)), scan(milk, {"quantity": "0.4"}, sku="SALT"))
    receipt = await get(http, f"/receipts/{milk.no('R')}")
    assert [(it["expected_by_name"], it["scanned"]) for it in receipt["lines"]["items"]] == [(0, 3), (0, 0.4)]
    await milk.say(ConfirmSession(receipt=milk.no("R"), session="S"))
    lines = (await get(http, f"/receipts/{milk.no('R')}/lines"))["items"]
    assert [(it["expected_by_name"], it["received"]) for it in lines] == [(0, 3), (0, 0.4)]


async def test_over_http(milk: Line, http: httpx.AsyncClient) -> None:
    """Each entry has its verdict, the receipt shows its lots, and closing says what is short (S16, S23)."""
    receipt = milk.no("R")
    body = scan(milk, lot("A", 10), lot("", 5), lot("B", 5, None), lot("C", 3, "2001-01-01")).model_dump(
        mode="json", exclude_unset=True
    )
    answer = (await post(http, "/scans", **body)).json()
    assert [one["verdict"] for one in answer["lots"]] == ["ACCEPTED", "LOT_MISSING", "EXPIRY_MISSING", "EXPIRED"]
    case = scan(milk, lot("A", expiry=None), sku=None, barcode=milk.no("CASE")).model_dump(
        mode="json", exclude_unset=True
    )
    assert (await post(http, "/scans", **case)).json()["lots"][0]["quantity"] == 12
    session = await get(http, f"/receipts/{receipt}/sessions/S")
    assert [(one["lot"], one["quantity"], one["state"]) for one in session["lots"]] == [("A", 22, "SCANNED")]
    miscounted = await post(http, f"/receipts/{receipt}/sessions/S/confirm", quantity=21)
    assert miscounted.json()["code"] == "session_differs"
    assert (await post(http, f"/receipts/{receipt}/sessions/S/confirm", quantity=22)).json()["quantity"] == 22
    told = await milk.say(CloseReceipt(receipt=receipt))
    assert [(one["sku"], one["quantity"]) for one in told.data("discrepancy.found.v1")] == [
        (milk.no("MILK"), 78),
        (milk.no("SALT"), 2.5),
    ]
    lots = (await get(http, f"/receipts/{receipt}/lots"))["items"]
    assert [(one["lot"], one["state"], one["line"]) for one in lots] == [("A", "RECEIVED", "1")]
    shown = await get(http, f"/receipts/{receipt}")
    assert [(one["received"], one["missing"]) for one in shown["lines"]["items"]] == [(22, 0), (0, 0)]


async def test_taken_back_and_too_much(milk: Line, http: httpx.AsyncClient) -> None:
    """Scans of a lot are taken back whole or dropped; what is over is shown, and received once accepted (S16)."""
    receipt = milk.no("R")
    undo = UndoScan(receipt=receipt, session="S", sku=milk.no("MILK"), lots=["A"])
    told = await milk.say(scan(milk, lot("A", 130), lot("B", 5)), scan(milk, lot("A", 1)), undo)
    assert told.codes() == []
    session = await get(http, f"/receipts/{receipt}/sessions/S")
    assert [(one["lot"], one["state"]) for one in session["lots"]] == [("B", "OVER")]
    await milk.say(DropSession(receipt=receipt, session="S"))
    assert (await get(http, f"/receipts/{receipt}"))["status"] == "PLANNED"
    await milk.say(scan(milk, lot("A", 130, manufactured="2089-12-01"), session="T"))
    await milk.say(ConfirmSession(receipt=receipt, session="T"))
    (found,) = (await get(http, "/discrepancies", receipt=receipt))["items"]
    assert (found["kind"], found["lot"], found["quantity"], found["fitting"]) == (
        "OVER", "A", 30, ["ACCEPT", "SEND_BACK", "VOID"],
    )  # fmt: skip
    accept = {"receipt": receipt, "discrepancy": found["discrepancy"], "resolution": "ACCEPT", "reason": "kept"}
    told = await milk.say(ResolveDiscrepancy.model_validate(accept))
    (received,) = told.data("stock.received.v1")
    assert received["lots"] == [
        {"lot": "A", "quantity": 30, "expiry": "2090-01-31", "manufactured": "2089-12-01"}
    ]  # fmt: skip
    (line, _) = (await get(http, f"/receipts/{receipt}"))["lines"]["items"]
    assert (line["scanned"], line["received"], line["expected_unnamed"]) == (0, 130, 0)


async def test_a_hundredth_is_a_hundredth(milk: Line, http: httpx.AsyncClient) -> None:
    """Ten times a tenth is one, in the database as in the answer: quantities are never floats."""
    for _ in range(10):
        await milk.say(scan(milk, {"quantity": "0.1"}, sku="SALT"))
    told = await milk.say(ConfirmSession(receipt=milk.no("R"), session="S", quantity="1"))
    assert told.data("stock.received.v1")[0]["lots"] == [{"lot": "", "quantity": 1}]
    (row,) = (await get(http, f"/receipts/{milk.no('R')}/lots", sku=milk.no("SALT")))["items"]
    assert row["quantity"] == 1


@pytest.mark.parametrize(
    ("bad", "field"),
    [
        ({"quantity": 0}, "quantity"), ({"quantity": -1}, "quantity"), ({"quantity": 10**15}, "quantity"),
        ({"quantity": "0.0000001"}, "quantity"), ({"quantity": "many"}, "quantity"),
        ({"expiry": "1900-01-01"}, "expiry"), ({"expiry": "2027-02-31"}, "expiry"), ({"expiry": 20270131}, "expiry"),
        ({"manufactured": "2090-02-01"}, ""),
    ],
)  # fmt: skip
async def test_what_cannot_be_is_a_400(
    milk: Line, http: httpx.AsyncClient, bad: dict[str, Any], field: str
) -> None:  # fmt: skip
    """A quantity or a date that cannot be is a 400 that names the field; the receipt has not arrived by it."""
    body = scan(milk, lot("A", 5)).model_dump(mode="json", exclude_unset=True)
    body["lots"] = [lot("A", 5), lot("B", 5) | bad]
    answer = await post(http, "/scans", **body)
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed")
    assert [error["field"].removesuffix(".") for error in answer.json()["errors"]] == [
        f"lots.1.{field}".removesuffix(".")
    ]
    many = body | {"lots": [lot(f"{number}", 1) for number in range(501)]}
    assert (await post(http, "/scans", **many)).json()["errors"][0]["field"] == "lots"
    assert (await get(http, f"/receipts/{milk.no('R')}"))["status"] == "PLANNED"


def shipped(floor: Line, *lots: tuple[str, float]) -> LotShipped:
    """The word of lots that milk has left."""
    named = {"sku": floor.no("MILK"), "order": floor.no("SO"), "line": "1", "shipment": "SH", "customer": "C"}
    return LotShipped.model_validate(named | {"lots": [{"lot": name, "quantity": much} for name, much in lots]})


def returned(floor: Line, *lots: tuple[str, float], name: str = "RMA") -> ReceiveReturn:
    """A return of milk."""
    named = {
        "return_id": floor.no(name), "sku": floor.no("MILK"), "order": floor.no("SO"), "customer": "C",
        "location": f"{floor.no('EAST')}/DOCK", "reason": "sour",
    }  # fmt: skip
    return ReceiveReturn.model_validate(named | {"lots": [{"lot": name, "quantity": much} for name, much in lots]})


async def test_lots_come_back(milk: Line, http: httpx.AsyncClient) -> None:
    """What was shipped comes back once, on hold; a part is restocked, a part scrapped, and all of it is shown."""
    await milk.say(shipped(milk, ("A", 6)), shipped(milk, ("A", 4), ("B", 2.5)))
    told = await milk.say(returned(milk, ("A", 8), ("B", 2.5)))
    (back,) = told.data("stock.returned.v1")
    again = await milk.say(returned(milk, ("A", 3), name="RMA2"))
    (refusal,) = again.answers[0].refusals
    assert (refusal.code, refusal.blocked_by) == ("already_returned", [f"/returns/{milk.no('RMA')}"])
    part = {"return_id": milk.no("RMA"), "disposition": "RESTOCK", "reason": "sealed"}
    part["lots"] = [{"lot": "A", "quantity": 5}]  # type: ignore[assignment]
    rest = {"return_id": milk.no("RMA"), "disposition": "SCRAP", "reason": "sour"}
    told = await milk.say(DisposeReturn.model_validate(part), DisposeReturn.model_validate(rest))
    disposed = [(one["disposition"], one["lots"], one["hold"]) for one in told.data("stock.disposed.v1")]
    assert disposed == [
        ("RESTOCK", [{"lot": "A", "quantity": 5}], back["hold"]),
        ("SCRAP", [{"lot": "A", "quantity": 3}, {"lot": "B", "quantity": 2.5}], back["hold"]),
    ]
    shown = await get(http, f"/returns/{milk.no('RMA')}")
    assert [(one["lot"], one["quantity"], one["undecided"]) for one in shown["lots"]] == [("A", 8, 0), ("B", 2.5, 0)]
    paged = await get(http, f"/returns/{milk.no('RMA')}/lots", limit=1)
    decided = [(one["quantity"], one["disposition"], one["actor"]) for one in paged["items"][0]["dispositions"]]
    assert (decided, paged["next"] is not None) == ([(5, "RESTOCK", "anna"), (3, "SCRAP", "anna")], True)


async def test_a_return_of_lots_before_their_departure_is_known(milk: Line, http: httpx.AsyncClient) -> None:
    """A return whose shipped fact is under way is told to come again; to somebody else it stays refused (S18)."""
    back = returned(milk, ("A", 8)).model_dump(mode="json", exclude_unset=True)
    early = await post(http, "/returns", **back)
    assert (early.status_code, early.json()["code"], early.headers["Retry-After"]) == (409, "not_yet_known", "1")
    await milk.say(shipped(milk, ("A", 6), ("B", 1)))
    less = await post(http, "/returns", **back)
    assert (less.json()["code"], "Retry-After" in less.headers) == ("not_shipped_to_customer", False)
    other = await post(http, "/returns", **back | {"customer": "D", "lots": [{"lot": "B", "quantity": 1}]})
    assert other.json()["code"] == "not_shipped_to_customer"
    await milk.say(shipped(milk, ("A", 2)))
    assert (await milk.say(returned(milk, ("A", 8)))).codes() == []


async def test_a_products_life_is_kept_and_told(milk: Line, http: httpx.AsyncClient) -> None:
    """What a product's days of life mean is told, shown, and kept with every change (S24)."""
    sku = milk.no("MILK")
    told = await milk.say(ProductDefined(sku=sku, name="Milk", lot_tracked=True))
    (changed,) = told.data("product.changed.v1")
    assert (changed["version"], changed["life"]["expiry_required"], changed["life"]["min_life_at_receipt"]) == (
        2,
        True,
        0,
    )
    assert (await get(http, f"/products/{sku}"))["life"]["expiring_days"] == [90, 60, 30, 7]
    (last, first) = (await get(http, f"/products/{sku}/changes"))["items"]
    assert (last["before"]["life"], first["after"]["life"]["min_life_at_receipt"]) == (first["after"]["life"], 5)
    assert not (await milk.say(ProductDefined(sku=sku, name="Milk", lot_tracked=True))).types()
    switched = await milk.say(ProductDefined(sku=sku, name="Milk"))
    assert switched.codes() == ["product_has_history"]


async def test_a_product_is_counted_with_its_decimals(milk: Line, http: httpx.AsyncClient) -> None:
    """Half a bottle is neither announced, scanned, returned nor decided; salt in tenths of kilos is (S14, S23)."""
    milks, salt = milk.no("MILK"), milk.no("SALT")
    told = await milk.say(
        ProductDefined(sku=milks, name="Milk", lot_tracked=True, decimals=0),
        ProductDefined(sku=salt, name="Salt", unit="kg", decimals=1),
    )
    assert [it["decimals"] for it in told.data("product.changed.v1")] == [0, 1]
    assert (await get(http, f"/products/{salt}"))["decimals"] == 1
    lines = [{"line": "1", "sku": milks, "quantity": "1.5"}, {"line": "2", "sku": salt, "quantity": "0.5"}]
    told = await milk.say(milk.asn("R9", lines=lines))
    assert told.codes() == ["not_whole"]
    assert told.answers[0].refusals[0].detail == f"1.5 of {milks}, which is counted with 0 decimals"
    await milk.say(milk.asn("R9", lines=[lines[1] | {"quantity": "0.5"}]))
    await milk.say(ProductDefined(sku=salt, name="Salt", unit="kg", decimals=0))
    taken = [lines[1] | {"quantity": "0.5"}]
    assert (await milk.say(AsnChanged.model_validate({"receipt": milk.no("R9"), "remove": taken}))).codes() == []
    await milk.say(ProductDefined(sku=salt, name="Salt", unit="kg", decimals=1))
    told = await milk.say(
        scan(milk, lot("A", "8.5"), lot("B", 8)), scan(milk, {"quantity": "1.25"}, sku="SALT"),
        scan(milk, {"quantity": "1.2"}, sku="SALT"),
    )  # fmt: skip
    assert told.codes() == ["not_whole", "not_whole"]
    assert [no.ids for answer in told.answers for no in answer.refusals] == [["A"], [""]]
    await milk.say(ConfirmSession(receipt=milk.no("R"), session="S"), shipped(milk, ("B", 8)))
    assert (await milk.say(returned(milk, ("B", 1.5)))).codes() == ["not_whole"]
    assert (await milk.say(returned(milk, ("B", 2)))).codes() == []
    half = {"lots": [{"lot": "B", "quantity": "0.5"}], "disposition": "SCRAP", "reason": "broken"}
    assert (await milk.say(DisposeReturn(return_id=milk.no("RMA"), **half))).codes() == ["not_whole"]
