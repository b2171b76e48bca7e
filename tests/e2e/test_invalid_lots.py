"""Invalid quantities, dates and lots: dead-lettered over Kafka, rejected over HTTP."""

from typing import Any

import pytest

from shared.contracts.commands.fulfillment import PickItems
from shared.contracts.registry import all_messages
from shared.contracts.upstream import OrderLine
from tests.e2e.lot_scenario import STORAGE_LOCATIONS, LotScenario, day_from_now, scanned_lot
from tests.e2e.serial_scenario import DOCK, STAGE
from tests.e2e.system import JsonObject, SystemUnderTest

INVALID_QUANTITIES = {
    "zero": 0, "negative": -1, "10^15": 10**15, "seven decimals": 0.0000001, "text": "many", "infinite": "Infinity",
}  # fmt: skip
INVALID_DATES = {"1900": "1900-01-01", "31 February": "2027-02-31", "a number": 20270131, "two digits": "27-01-31"}
ENTRY_POINTS = {
    "scan": ("receiving", "receiving.commands", "session.scan.v1", "/scans", "lots"),
    "return": ("receiving", "receiving.commands", "return.receive.v1", "/returns", "lots"),
    "putaway": ("lots", "lots.commands", "lot.put_away.v1", "/putaways", ""),
    "adjustment": ("lots", "lots.commands", "lot.adjust.v1", "/adjustments", ""),
    "pick": ("fulfillment", "fulfillment.commands", "order.pick.v1", "/picks", "stock"),
    "pack": ("fulfillment", "fulfillment.commands", "carton.pack.v1", "/packs", "stock"),
}
"""Service, topic, type, path, and the list field of the quantity."""


def request_body(lot_scenario: LotScenario, type_: str, list_field: str, quantity: Any) -> JsonObject:
    """Return the body of an entry point, with the quantity in the right place."""
    item = {"sku": lot_scenario.sku, "lot": "L1", "quantity": quantity}
    fields: JsonObject = {
        "receipt": "R",
        "session": "S",
        "return_id": "RMA",
        "order": "SO",
        "customer": "C",
        "carton": "CT",
        "sku": lot_scenario.sku,
        "lot": "L1",
        "from_location": DOCK,
        "location": STORAGE_LOCATIONS[0],
        "adjustment": "FOUND",
        "reason": "x",
    }
    if list_field == "lots":
        fields.pop("lot")
        item.pop("sku")
    fields |= {list_field: [item]} if list_field else {"quantity": quantity}
    (message,) = (message for message in all_messages() if type_ == message.TYPE)
    return {name: value for name, value in fields.items() if name in message.model_fields}


@pytest.mark.parametrize("entry_point", ENTRY_POINTS)
async def test_invalid_quantities(system: SystemUnderTest, lot_scenario: LotScenario, entry_point: str) -> None:
    """An invalid quantity is a dead letter over Kafka and a 400 over HTTP; both name the field."""
    service, topic, type_, path, list_field = ENTRY_POINTS[entry_point]
    field = f"{list_field}.0.quantity" if list_field else "quantity"
    for quantity in INVALID_QUANTITIES.values():
        data = request_body(lot_scenario, type_, list_field, quantity)
        names = {"receiving": "receipt", "lots": "sku", "fulfillment": "order"}
        key = data["return_id" if entry_point == "return" else names[service]]
        position = await system.send_record(topic, system.cloud_event(type_, data), key)
        assert "quantity" in (await system.wait_for_dead_letter(service, position))["error"], quantity
        response = await system.post(service, path, data)
        assert (response.status_code, response.json()["code"]) == (400, "validation_error"), (quantity, response.text)
        assert [error["field"] for error in response.json()["errors"]] == [field], (quantity, response.text)


async def test_invalid_dates(system: SystemUnderTest, lot_scenario: LotScenario) -> None:
    """Invalid dates, or an expiry before the manufacturing date, are a 400."""
    for expiry in INVALID_DATES.values():
        scanned = {"receipt": "R", "session": "S", "sku": lot_scenario.sku, "location": DOCK}
        scanned["lots"] = [{"lot": "L1", "quantity": 1, "expiry": expiry}]  # type: ignore[assignment]
        corrected = {"sku": lot_scenario.sku, "lot": "L1", "expiry": expiry, "reason": "x"}
        for service, path, data in (("receiving", "/scans", scanned), ("lots", "/corrections", corrected)):
            response = await system.post(service, path, data)
            assert (response.status_code, response.json()["code"]) == (400, "validation_error"), (expiry, response.text)
            assert response.json()["errors"][0]["field"].endswith("expiry")
    await lot_scenario.define_product()
    receipt = await lot_scenario.announce_asn([], quantity=1)
    reversed_dates = lot_scenario.scan_lots_command(receipt, scanned_lot("L1", 1, 40)).model_dump(
        mode="json", exclude_none=True
    )
    reversed_dates["lots"][0]["manufactured_on"] = str(day_from_now(41))
    response = await system.post("receiving", "/scans", reversed_dates)
    assert (response.status_code, "expiry precedes manufactured_on" in response.text) == (400, True)


async def test_event_with_501_lots_is_dead_lettered(system: SystemUnderTest, lot_scenario: LotScenario) -> None:
    """A receipt of 501 lots in one message is a dead letter; the following message is processed."""
    await lot_scenario.define_product()
    lots = [{"lot": f"L{number}", "quantity": 1} for number in range(501)]
    receipt = lot_scenario.new_id("ASN")
    data = {
        "receipt": receipt,
        "line": "1",
        "sku": lot_scenario.sku,
        "tracking": "LOT",
        "location": DOCK,
        "session": "S",
    }
    position = await system.send_record(
        "receiving.events", system.cloud_event("receipt.lots_received.v1", {**data, "lots": lots}), receipt
    )  # fmt: skip
    assert "500" in (await system.wait_for_dead_letter("lots", position))["error"]
    await lot_scenario.receive_lots(scanned_lot("L1", 2, 40))
    await lot_scenario.wait_for_balances({("L1", DOCK): (2, 0)})


async def test_duplicate_lot_in_one_scan(system: SystemUnderTest, lot_scenario: LotScenario) -> None:
    """A repeated lot in a scan is reported as a repeat; other dates for it are rejected."""
    await lot_scenario.define_product()
    receipt = await lot_scenario.announce_asn([], quantity=9)
    response = await system.execute_command(
        lot_scenario.scan_lots_command(receipt, scanned_lot("L1", 2, 40), scanned_lot("L1", 3, 40))
    )
    assert [item["status"] for item in response.json()["lots"]] == ["ACCEPTED", "DUPLICATE_IN_REQUEST"], response.text
    await system.assert_rejected(
        lot_scenario.scan_lots_command(receipt, scanned_lot("L1", 1, 41)), "lot_dates_mismatch"
    )
    await lot_scenario.confirm_session(receipt)
    await lot_scenario.wait_for_balances({("L1", DOCK): (2, 0)})


async def test_lot_of_another_product_is_rejected(system: SystemUnderTest, lot_scenario: LotScenario) -> None:
    """A lot number of another or unknown product is rejected for picks and holds (S20, S25)."""
    other = await lot_scenario.define_product(f"{lot_scenario.sku}-B")
    await lot_scenario.define_product()
    await lot_scenario.stock_lots(scanned_lot("L1", 5, 40))
    await lot_scenario.stock_lots(scanned_lot("M1", 5, 40), sku=other, locations=STORAGE_LOCATIONS[1:])
    order = await lot_scenario.place_order_lines(
        OrderLine(line="1", sku=lot_scenario.sku, quantity=2), OrderLine(line="2", sku=other, quantity=2)
    )  # fmt: skip
    await lot_scenario.assert_pick_list(order, {("L1", STORAGE_LOCATIONS[0]): 2, ("M1", STORAGE_LOCATIONS[1]): 2})
    mine = lot_scenario.sku
    for sku, lot_number in ((mine, "M1"), (other, "L1"), (mine, "L-1"), (mine, "?")):
        wrong = PickItems(order=order, stock=[lot_scenario.lot_selector(lot_number, 2, sku=sku)], location=STAGE)
        await system.assert_rejected(wrong, "not_on_pick_list")
    hold = {"sku": lot_scenario.sku, "lot": "M1", "hold_id": lot_scenario.new_id("H"), "reason": "x"}
    response = await system.post("lots", "/holds", hold)
    assert (response.status_code, f"lot M1 belongs to {other}" in response.text) == (404, True), response.text
    await lot_scenario.pick_all(order, 2)
