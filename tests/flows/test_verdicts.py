"""What came against what was announced: each difference is told, recorded, and resolved by a supervisor."""

import pytest

from shared.contracts.commands.receiving import (
    CloseReceipt,
    ResolveDiscrepancy,
)
from tests.flows.receipts import discrepancies, scanned
from tests.flows.shop import DOCK, Shop
from tests.flows.world import World


async def test_short_is_shown_and_recorded(world: World, shop: Shop) -> None:
    """Closing a receipt with a unit missing records SHORT, with its serial, until a supervisor resolves it (S16)."""
    await shop.product()
    serials = shop.serials(3)
    receipt = await shop.announced(serials)
    await scanned(world, shop, receipt, serials[:2])
    await shop.confirm(receipt)
    await world.do(CloseReceipt(receipt=receipt))
    (short,) = await discrepancies(world, receipt)
    assert (short["kind"], short["quantity"], short["serials"]) == ("SHORT", 1, serials[2:])
    accept = ResolveDiscrepancy(
        receipt=receipt, discrepancy=short["discrepancy"], resolution="ACCEPT", reason="the sender credits it"
    )
    await world.do(accept, actor="sue")
    (short,) = await discrepancies(world, receipt)
    assert (short["resolution"], short["resolved_by"], short["reason"]) == ("ACCEPT", "sue", "the sender credits it")
    await world.refused(accept, "discrepancy_resolved")


VERDICTS = ("OVER", "UNEXPECTED", "KNOWN_SERIAL", "CASE_VARIANT", "EXPECTED_ELSEWHERE", "WRONG_PRODUCT")


async def provoke(world: World, shop: Shop, kind: str) -> tuple[str, str]:
    """Set a scan up that differs from what is announced in this way; the receipt and the serial to scan."""
    await shop.product()
    named = shop.no("named").lower()
    receipt = await shop.announced([named])
    match kind:
        case "OVER":
            await scanned(world, shop, receipt, [named])
            return receipt, shop.no("U")
        case "UNEXPECTED":
            return receipt, shop.no("U")
        case "KNOWN_SERIAL":
            return receipt, (await shop.stock(1))[0]
        case "CASE_VARIANT":
            return receipt, named.upper()
        case "EXPECTED_ELSEWHERE":
            (serial,) = shop.serials(1)
            await shop.announced([serial])
            return receipt, serial
    other = await shop.product(shop.no("P"))
    serials = shop.serials(1)
    await shop.announced(serials, sku=other, receipt=receipt, line="2")
    return receipt, serials[0]


@pytest.mark.parametrize("kind", VERDICTS)
async def test_a_difference_is_told_at_the_scan_and_recorded(world: World, shop: Shop, kind: str) -> None:
    """Over, unexpected, wrong product …: told by the verdict, set aside, a discrepancy once confirmed (S16)."""
    receipt, serial = await provoke(world, shop, kind)
    assert await scanned(world, shop, receipt, [serial]) == {serial: kind}
    session = await world.read("receiving", f"/receipts/{receipt}/sessions/S-{receipt}")
    assert serial in {scan["serial"]: scan["verdict"] for scan in session["scans"]["items"]}
    await shop.confirm(receipt)
    (found,) = await discrepancies(world, receipt)
    assert (found["kind"], found["serials"], found["resolution"]) == (kind, [serial], None)
    await shop.heard("receiving.events", receipt, "discrepancy.found.v1", kind=kind, serials=[serial])


@pytest.mark.parametrize("kind", [kind for kind in VERDICTS if kind != "KNOWN_SERIAL"])
async def test_a_supervisor_accepts_a_difference(world: World, shop: Shop, kind: str) -> None:
    """What a supervisor accepts is received as scanned; a receipt that expected it elsewhere gives it up (S16)."""
    receipt, serial = await provoke(world, shop, kind)
    await scanned(world, shop, receipt, [serial])
    await shop.confirm(receipt)
    (found,) = await discrepancies(world, receipt)
    assert "ACCEPT" in found["fitting"]
    await world.do(
        ResolveDiscrepancy(receipt=receipt, discrepancy=found["discrepancy"], resolution="ACCEPT", reason="seen"),
        actor="sue",
    )
    await shop.status([serial], "RECEIVED")
    unit = await shop.unit(serial)
    assert (unit["receipt"], unit["location"]) == (receipt, DOCK)


async def test_a_known_serial_is_never_a_new_unit(world: World, shop: Shop) -> None:
    """A known serial is not accepted again, whatever a supervisor says: tied, sent back or void only (S18)."""
    receipt, serial = await provoke(world, shop, "KNOWN_SERIAL")
    await scanned(world, shop, receipt, [serial])
    await shop.confirm(receipt)
    (found,) = await discrepancies(world, receipt)
    assert "ACCEPT" not in found["fitting"]
    decision = ResolveDiscrepancy(
        receipt=receipt, discrepancy=found["discrepancy"], resolution="ACCEPT", reason="looks new"
    )
    await world.refused(decision, "resolution_does_not_fit")
    await world.do(decision.model_copy(update={"resolution": "TIE", "tie_to": serial}))
    unit = await shop.unit(serial)
    assert (unit["status"], unit["version"]) == ("IN_INVENTORY", 3)


async def test_a_wrongly_typed_serial_is_tied_to_the_expected_one(world: World, shop: Shop) -> None:
    """A scan that differs in case is tied by a supervisor to the expected unit, which is received; no new one (S16)."""
    receipt, typed = await provoke(world, shop, "CASE_VARIANT")
    await scanned(world, shop, receipt, [typed])
    await shop.confirm(receipt)
    (found,) = await discrepancies(world, receipt)
    await world.do(
        ResolveDiscrepancy(receipt=receipt, discrepancy=found["discrepancy"], resolution="TIE", reason="typed")
    )
    await shop.status([typed.lower()], "RECEIVED")
    assert (await world.get("serials", f"/serials/{shop.sku}/{typed}")).status_code == 404


@pytest.mark.parametrize("resolution", ["SEND_BACK", "VOID"])
async def test_what_is_sent_back_or_void_is_never_received(world: World, shop: Shop, resolution: str) -> None:
    """A unit that a supervisor sends back, and an entry found wrong, never become stock (S16)."""
    receipt, serial = await provoke(world, shop, "UNEXPECTED")
    await scanned(world, shop, receipt, [serial])
    await shop.confirm(receipt)
    (found,) = await discrepancies(world, receipt)
    decision = {"receipt": receipt, "discrepancy": found["discrepancy"], "resolution": resolution, "reason": "so"}
    await world.do(ResolveDiscrepancy.model_validate(decision))
    await shop.heard("receiving.events", receipt, "discrepancy.resolved.v1", resolution=resolution)
    await world.quiet()
    assert not await world.rows("serials", "SELECT 1 FROM serial WHERE serial = $1", serial)
