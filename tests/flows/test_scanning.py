"""Scans and their sessions: a serial for every unit, undone or taken over until it is confirmed."""

from shared.contracts.commands.receiving import (
    CloseReceipt,
    ConfirmSession,
    DropSession,
    ResolveDiscrepancy,
    TakeOverSession,
    UndoScan,
)
from shared.contracts.upstream import AsnAnnounced, AsnChanged, AsnLine
from tests.flows.receipts import discrepancies, line, scanned
from tests.flows.shop import DOCK, ELSEWHERE, SHELF, WAREHOUSE, Shop
from tests.flows.world import World


async def test_receiving_prompts_for_what_is_still_expected(world: World, shop: Shop) -> None:
    """What is still to be scanned is shown: by name, and how many that nobody named; each scan takes one off (S13)."""
    await shop.product()
    named, unnamed = shop.serials(2), shop.serials(1)
    receipt = await shop.announced(named, quantity=3)
    shown = await line(world, receipt)
    assert (shown["expected_by_name"], shown["expected_unnamed"]) == (2, 1)
    expected = await world.read("receiving", f"/receipts/{receipt}/expected")
    assert [unit["serial"] for unit in expected["items"]] == named
    assert set((await scanned(world, shop, receipt, [named[0], unnamed[0]])).values()) == {"ACCEPTED"}
    shown = await line(world, receipt)
    assert (shown["expected_by_name"], shown["expected_unnamed"], shown["scanned"]) == (1, 0, 2)


async def test_serials_are_scanned_one_by_one_or_many_at_once(world: World, shop: Shop) -> None:
    """One scan after the other or 500 in one, each serial has its own verdict (S13)."""
    await shop.product()
    serials = [f"{shop.token}-{number:04}" for number in range(501)]
    receipt = await shop.announced(serials[:500], quantity=501)
    assert await scanned(world, shop, receipt, [serials[500]]) == {serials[500]: "ACCEPTED"}
    verdicts = await scanned(world, shop, receipt, serials[:500])
    assert list(verdicts) == serials[:500]
    assert set(verdicts.values()) == {"ACCEPTED"}
    answer = await shop.confirm(receipt)
    assert answer["units"] == 501
    await shop.status([serials[0], serials[500]], "RECEIVED")


async def test_one_serial_is_one_unit(world: World, shop: Shop) -> None:
    """As many units are received as serials are scanned, none twice in a receipt, nor in two sessions (S14)."""
    await shop.product()
    serials = shop.serials(2)
    receipt = await shop.announced(serials)
    await scanned(world, shop, receipt, serials[:1])
    await world.refused(shop.scan(receipt, serials[:1]), "serial_repeated")
    await world.refused(shop.scan(receipt, serials[:1], session="another"), "serial_repeated")
    await shop.confirm(receipt)
    await world.refused(shop.scan(receipt, serials[:1], session="later"), "serial_repeated")
    assert (await line(world, receipt))["received"] == 1


async def test_serial_entry_cannot_be_skipped(world: World, shop: Shop) -> None:
    """There is no way to receive a unit without its serial: a confirmation without scans receives nothing (S15)."""
    await shop.product()
    receipt = await shop.announced(shop.serials(1))
    await world.refused(ConfirmSession(receipt=receipt, session="S"), "unknown_session")
    for serials in ([], [""], [None]):
        body = {"receipt": receipt, "session": "S", "sku": shop.sku, "location": DOCK, "serials": serials}
        answer = await world.post("receiving", "/scans", body)
        assert answer.status_code in (400, 422), answer.text
    assert (await line(world, receipt))["missing"] == 1
    document = await world.read("receiving", "/openapi.json")
    taking = [
        name for name, schema in document["components"]["schemas"].items() if "quantity" in schema.get("properties", {})
    ]
    assert "Scan" not in taking


async def test_a_tracked_line_is_not_complete_without_its_serials(world: World, shop: Shop) -> None:
    """A receipt closed before all its serials are scanned is short by the others, who are expected no longer (S15)."""
    await shop.product()
    came, missing = shop.serials(2)
    receipt = await shop.announced([came, missing])
    await scanned(world, shop, receipt, [came])
    await world.refused(CloseReceipt(receipt=receipt), "session_open")
    await shop.confirm(receipt)
    await world.do(CloseReceipt(receipt=receipt))
    (closed,) = await shop.heard("receiving.events", receipt, "receipt.closed.v1")
    (summary,) = closed["data"]["lines"]
    assert (summary["announced"], summary["received"], summary["short"]) == (2, 1, 1)
    (withdrawn,) = await shop.heard("receiving.events", receipt, "receipt.withdrawn.v1", reason="CLOSED")
    assert withdrawn["data"]["serials"] == [missing]


async def test_a_scan_can_be_undone_until_it_is_confirmed(world: World, shop: Shop) -> None:
    """An undone scan leaves no trace on the receipt; after the confirmation it cannot be undone."""
    await shop.product()
    serials = shop.serials(2)
    receipt = await shop.announced(serials)
    await scanned(world, shop, receipt, serials)
    undo = UndoScan(receipt=receipt, session=f"S-{receipt}", sku=shop.sku, serials=serials[:1])
    await world.do(undo)
    await world.refused(undo, "serial_not_scanned")
    await shop.confirm(receipt)
    await shop.status(serials[1:], "RECEIVED")
    assert (await shop.unit(serials[0]))["status"] == "EXPECTED"
    await world.refused(undo, "session_ended")


async def test_a_session_is_its_owners_until_it_is_taken_over(world: World, shop: Shop) -> None:
    """A colleague's session is refused, can be taken over, and then confirmed."""
    await shop.product()
    serials = shop.serials(2)
    receipt = await shop.announced(serials)
    await world.do(shop.scan(receipt, serials[:1]), actor="ann")
    await world.refused(shop.scan(receipt, serials[1:]), "session_of_another", actor="ben")
    await world.do(TakeOverSession(receipt=receipt, session=f"S-{receipt}"), actor="ben")
    await world.do(shop.scan(receipt, serials[1:]), actor="ben")
    await world.do(ConfirmSession(receipt=receipt, session=f"S-{receipt}"), actor="ben")
    await shop.status(serials, "RECEIVED")


async def test_a_dropped_session_restores_what_was(world: World, shop: Shop) -> None:
    """Dropped scans are forgotten: their units are expected as before, and can be scanned anew."""
    await shop.product()
    serials = shop.serials(1)
    receipt = await shop.announced(serials)
    await scanned(world, shop, receipt, [*serials, "STRANGE-1"])
    await world.do(DropSession(receipt=receipt, session=f"S-{receipt}"))
    assert (await line(world, receipt))["expected_by_name"] == 1
    await world.do(shop.scan(receipt, serials, session="again"))
    await shop.confirm(receipt, "again")
    await shop.status(serials, "RECEIVED")
    assert await discrepancies(world, receipt) == []


async def test_goods_are_received_at_a_dock_of_their_warehouse(world: World, shop: Shop) -> None:
    """A scan on a shelf, in another warehouse or at a place nobody defined is refused, and nothing is scanned (S06)."""
    await shop.product()
    serials = shop.serials(1)
    receipt = await shop.announced(serials)
    for location, code in (
        (SHELF, "wrong_location_type"),
        (ELSEWHERE, "wrong_warehouse"),
        (f"{WAREHOUSE}/NOWHERE", "unknown_location"),
    ):
        scan = shop.scan(receipt, serials).model_copy(update={"location": location})
        await world.refused(scan, code)
    assert (await line(world, receipt))["scanned"] == 0


async def test_unknown_documents_of_receiving(world: World, shop: Shop) -> None:
    """A receipt, session, discrepancy, product or warehouse that nobody knows is refused with its own code."""
    await shop.product()
    receipt = await shop.announced(shop.serials(1))
    decision = {"receipt": receipt, "discrepancy": "D-?", "resolution": "ACCEPT", "reason": "none"}
    for command, code in (
        (shop.scan("ASN-?", ["U-1"]), "unknown_receipt"),
        (shop.scan(receipt, ["U-1"], sku="SKU-?"), "unknown_product"),
        (ConfirmSession(receipt="ASN-?", session="S"), "unknown_receipt"),
        (ConfirmSession(receipt=receipt, session="S"), "unknown_session"),
        (DropSession(receipt=receipt, session="S"), "unknown_session"),
        (CloseReceipt(receipt="ASN-?"), "unknown_receipt"),
        (ResolveDiscrepancy.model_validate(decision), "unknown_discrepancy"),
        (AsnAnnounced(receipt=shop.no("BR"), warehouse="MARS", kind="BLIND"), "unknown_warehouse"),
        (AsnChanged(receipt="ASN-?", add=[AsnLine(line="1", sku=shop.sku, quantity=1)]), "unknown_receipt"),
    ):
        await world.refused(command, code)
