"""Receipts: announced in parts, changed, cancelled, or blind."""

from shared.contracts.commands.receiving import (
    CloseReceipt,
)
from shared.contracts.upstream import AsnAnnounced, AsnCancelled, AsnChanged, AsnLine, AsnLineChange
from tests.e2e.receipts import discrepancies, load_single_line, scan_statuses
from tests.e2e.serial_scenario import DOCK, SHELF, WAREHOUSE, SerialScenario
from tests.e2e.system import SystemUnderTest
from tests.support.polling import wait_until


async def test_announced_serials_are_expected(scenario: SerialScenario) -> None:
    """Serials of an ASN are EXPECTED once it is planned, on its receipt and without a location (S05)."""
    await scenario.define_product()
    serials = scenario.new_serials(3)
    receipt = await scenario.announce_asn(serials)
    await scenario.wait_for_status(serials, "EXPECTED")
    unit = await scenario.get_unit(serials[0])
    assert (unit["receipt"], unit["location"]) == (receipt, None)


async def test_announced_lots_are_expected_and_received(system: SystemUnderTest, scenario: SerialScenario) -> None:
    """An EXPECTED unit knows its announced lot and dates; a scan that says nothing takes them (S05, S23, S24)."""
    await scenario.define_product()
    receipt, serials = scenario.new_id("ASN"), scenario.new_serials(2)
    label = {"lot": "L7", "expiry": "2099-06-30", "manufactured_on": "2026-01-31"}
    line = {"line": "1", "sku": scenario.sku, "quantity": 3, "lots": [label | {"serials": serials}]}
    await system.publish(AsnAnnounced.model_validate({"receipt": receipt, "warehouse": WAREHOUSE, "lines": [line]}))
    await scenario.wait_for_status(serials, "EXPECTED")
    unit = await scenario.get_unit(serials[0])
    assert {name: unit[name] for name in label} == label
    page = await system.get_json("receiving", f"/receipts/{receipt}/lines")
    assert page["items"][0]["lots"] == [label | {"quantity": 2, "best_before": None, "received": None}]
    expected = await system.get_json("receiving", f"/receipts/{receipt}/expected")
    assert [(item["serial"], item["lot"], item["expiry"]) for item in expected["items"]] == [
        (serial, label["lot"], label["expiry"]) for serial in sorted(serials)
    ]
    await system.execute(scenario.scan_command(receipt, serials))
    await scenario.confirm_session(receipt)
    await scenario.wait_for_status(serials, "RECEIVED")
    unit = await scenario.get_unit(serials[0])
    assert {name: unit[name] for name in label} == label


async def test_received_units_are_not_allocated_before_putaway(
    system: SystemUnderTest, scenario: SerialScenario
) -> None:
    """A confirmed unit is RECEIVED at its dock; a backorder gets it only after putaway (S06, S07)."""
    await scenario.define_product()
    order = await scenario.place_order(1)
    serials = scenario.new_serials(1)
    await scenario.receive(serials)
    await scenario.wait_for_status(serials, "RECEIVED")
    assert (await scenario.get_unit(serials[0]))["location"] == DOCK
    await system.wait_until_quiescent()
    assert await scenario.wait_for_picks(order, 0) == []
    await scenario.put_away(serials)
    assert await scenario.wait_for_allocation(order, 1) == serials


async def test_asn_in_parts(system: SystemUnderTest, scenario: SerialScenario) -> None:
    """An ASN of 10 000 units in 20 parts of 500 serials: all are EXPECTED, on one line (S05)."""
    await scenario.define_product()
    receipt = scenario.new_id("ASN")
    serials = [f"{scenario.token}-{number:05}" for number in range(10_000)]
    parts = [
        AsnAnnounced(
            receipt=receipt,
            warehouse=WAREHOUSE,
            part=part + 1,
            parts=20,
            lines=[AsnLine(line="1", sku=scenario.sku, quantity=500, serials=serials[part * 500 : (part + 1) * 500])],
        )
        for part in range(20)
    ]
    await system.publish(*parts)

    async def all_expected() -> bool:
        query = "SELECT count(*) FROM serial_state WHERE sku = $1 AND status = 'EXPECTED'"
        (row,) = await system.fetch_rows("serials", query, scenario.sku)
        return bool(row["count"] == 10_000)

    await wait_until(all_expected)
    line = await load_single_line(system, receipt)
    assert (line["expected_quantity"], line["open_listed_serials"]) == (10_000, 10_000)


async def test_asn_changed_before_arrival(system: SystemUnderTest, scenario: SerialScenario) -> None:
    """A change states the units of a line; after the first scan it is rejected (S05)."""
    await scenario.define_product()
    kept_serial, removed_serial, added_serial = scenario.new_serials(3)
    receipt = await scenario.announce_asn([kept_serial, removed_serial])
    change = AsnLineChange(line="1", sku=scenario.sku, quantity=2, serials=[kept_serial, added_serial])
    await system.publish(AsnChanged(receipt=receipt, lines=[change]))
    await scenario.wait_for_event(
        "receiving.events", receipt, "receipt.line_cancelled.v1", serials=[removed_serial], reason="CHANGED"
    )
    statuses = await scan_statuses(system, scenario, receipt, [kept_serial, added_serial, removed_serial])
    assert statuses == {kept_serial: "ACCEPTED", added_serial: "ACCEPTED", removed_serial: "OVER"}
    late_change = AsnLineChange(line="1", sku=scenario.sku, quantity=1, serials=[removed_serial])
    (event,) = await system.publish(AsnChanged(receipt=receipt, lines=[late_change]))
    await system.wait_for_rejection("receiving", event, "receipt_in_progress", receipt)
    (event,) = await system.publish(AsnCancelled(receipt=receipt))
    await system.wait_for_rejection("receiving", event, "receipt_in_progress", receipt)


async def test_cancelled_asn_expects_nothing(system: SystemUnderTest, scenario: SerialScenario) -> None:
    """After cancellation a receipt accepts no scans, and its units belong to no receipt."""
    await scenario.define_product()
    serials = scenario.new_serials(1)
    receipt = await scenario.announce_asn(serials)
    await system.publish(AsnCancelled(receipt=receipt, reason="lost at sea"))
    await scenario.wait_for_event("receiving.events", receipt, "receipt.closed.v1", status="CANCELLED")
    problem = await system.assert_rejected(scenario.scan_command(receipt, serials), "receipt_cancelled")
    assert "lost at sea" in problem["detail"]

    async def on_no_receipt() -> bool:
        return bool((await scenario.get_unit(serials[0]))["receipt"] is None)

    await wait_until(on_no_receipt)


async def test_blind_receipt_accepts_unknown_units(system: SystemUnderTest, scenario: SerialScenario) -> None:
    """A blind receipt accepts unknown units, on unplanned lines (S06)."""
    await scenario.define_product()
    serials, receipt = scenario.new_serials(2), scenario.new_id("BR")
    await system.execute(AsnAnnounced(receipt=receipt, warehouse=WAREHOUSE, kind="BLIND"))
    assert set((await scan_statuses(system, scenario, receipt, serials)).values()) == {"ACCEPTED"}
    await scenario.confirm_session(receipt)
    await scenario.wait_for_status(serials, "RECEIVED")
    await system.execute(CloseReceipt(receipt=receipt))
    assert await discrepancies(system, receipt) == []


async def test_opening_stock_is_scanned_at_its_location(system: SystemUnderTest, scenario: SerialScenario) -> None:
    """Opening stock can be scanned at a storage location and is put away from there (S07)."""
    await scenario.define_product()
    serials, receipt = scenario.new_serials(1), scenario.new_id("OP")
    await system.execute(AsnAnnounced(receipt=receipt, warehouse=WAREHOUSE, kind="OPENING"))
    scan = scenario.scan_command(receipt, serials).model_copy(update={"location": SHELF})
    await system.execute(scan)
    await scenario.confirm_session(receipt)
    await scenario.wait_for_status(serials, "RECEIVED")
    await scenario.put_away(serials)
    await scenario.wait_for_status(serials, "IN_INVENTORY")
