"""Raw scans in commands on receipts, over the real service."""

from typing import Any

from httpx import AsyncClient

from shared.contracts.commands.receiving import ReceiveReturn, ScanItems
from shared.contracts.serials import SerialStateChanged
from shared.contracts.upstream import AsnAnnounced, ProductDefined
from tests.integration.receiving.conftest import ReceivingHarness
from tests.support.auth import bearer
from tests.support.gtins import new_gtin

GS = "\x1d"


class Labels:
    """Products of a test with their barcodes."""

    def __init__(self, harness: ReceivingHarness) -> None:
        self.pump, self.milk = harness.scoped_id("SCANPUMP"), harness.scoped_id("SCANMILK")
        self.pump_gtin, self.case_gtin = new_gtin(), new_gtin()
        self.box = harness.scoped_id("BOX")

    def definitions(self) -> list[ProductDefined]:
        """Messages that define the products."""
        cases = [{"code": self.case_gtin, "quantity": 12}, {"code": self.box, "quantity": 6}]
        products: list[dict[str, Any]] = [
            {"sku": self.pump, "name": "Pump", "serial_tracked": True, "barcodes": [{"code": self.pump_gtin}]},
            {"sku": self.milk, "name": "Milk", "lot_tracked": True, "barcodes": cases},
        ]
        return [ProductDefined.model_validate(product) for product in products]

    def unit(self, serial: str, lot: str = "L/01", expiry: str = "270331") -> str:
        """Label of a unit."""
        return f"]d201{self.pump_gtin.zfill(14)}17{expiry}10{lot}{GS}21{serial}"

    def case(self, lot: str, expiry: str = "270331") -> str:
        """Label of a case."""
        return f"(01){self.case_gtin.zfill(14)}(10){lot}(17){expiry}"


async def announce(harness: ReceivingHarness, labels: Labels, *serials: str, receipt: str = "R") -> None:
    """Define the products, and announce a receipt of units and milk."""
    lines = [
        {"line": "1", "sku": labels.pump, "quantity": len(serials) + 300, "serials": serials},
        {"line": "2", "sku": labels.milk, "quantity": 100},
    ]
    asn = {"receipt": harness.scoped_id(receipt), "warehouse": harness.scoped_id("EAST"), "lines": lines}
    await harness.handle(*labels.definitions(), AsnAnnounced.model_validate(asn))


def scan_command(harness: ReceivingHarness, *scans: str, receipt: str = "R", **fields: Any) -> ScanItems:
    """Raw scans at the dock."""
    data = {
        "receipt": harness.scoped_id(receipt), "session": "S", "location": f"{harness.scoped_id('EAST')}/DOCK",
        "scans": list(scans),
    }  # fmt: skip
    return ScanItems.model_validate(data | fields)


async def test_scans_of_several_products_are_received(harness: ReceivingHarness, http: AsyncClient) -> None:
    """S13, S23: one command takes labels of several products; each scan has its own result or problem."""
    labels = Labels(harness)
    serial = harness.scoped_id("N1")
    await announce(harness, labels, serial)
    scans = [labels.unit("007a"), labels.case("M1"), serial, "nothing", labels.case("M1"), labels.box]
    body = scan_command(harness, *scans).model_dump(mode="json", exclude_defaults=True)
    headers = {**bearer("anna"), "Idempotency-Key": harness.scoped_id("K")}
    answer = await http.post("/scans", json=body, headers=headers)
    assert answer.status_code == 200, answer.text
    result = answer.json()
    assert [(item["sku"], item["serial"], item["status"], item["scan"]) for item in result["scan_results"]] == [
        (labels.pump, "007a", "ACCEPTED", scans[0]), (labels.pump, serial, "ACCEPTED", serial),
    ]  # fmt: skip
    assert [(item["sku"], item["lot"], item["status"], item["quantity"]) for item in result["lots"]] == [
        (labels.milk, "M1", "ACCEPTED", 12), (labels.milk, "M1", "ACCEPTED", 12), (labels.milk, "", "LOT_REQUIRED", 0),
    ]  # fmt: skip
    problems = {problem["code"]: problem["ids"] for problem in result["rejected"]}
    assert problems["unknown_scan"] == ["nothing"]
    assert result["sku"] is None


async def test_scans_cost_one_statement_per_batch(harness: ReceivingHarness) -> None:
    """S13: scans of a batch are looked up with one statement; without scans there is none."""
    labels = Labels(harness)
    for receipt in ("TYPED", "RAW", "MANY"):
        await announce(harness, labels, receipt=receipt)
    label = {"lot": "A", "expiry": "2027-03-31", "gtin": labels.pump_gtin}
    fields: dict[str, Any] = {"receipt": "TYPED", "sku": labels.pump, "serials": ["P1"]}
    typed = await harness.handle(scan_command(harness, **fields, **label))
    raw = await harness.handle(scan_command(harness, labels.unit("1", "A"), receipt="RAW"))
    many = [
        scan_command(harness, *(labels.unit(f"{part}-{number}", "A") for number in range(100)), receipt="MANY")
        for part in range(3)
    ]
    bulk = await harness.handle(*many)
    assert typed.error_codes() == raw.error_codes() == bulk.error_codes() == []
    assert (raw.statement_count, bulk.statement_count) == (typed.statement_count + 1, typed.statement_count + 1)


async def test_scans_are_kept_and_shown(harness: ReceivingHarness, http: AsyncClient) -> None:
    """S22: the text of a scan is shown in the session, with lots and discrepancies, and carried by the events."""
    labels = Labels(harness)
    await announce(harness, labels)
    unit, case, foreign = labels.unit("U1"), labels.case("M1"), labels.unit("U2", "L/02")
    scanned = await harness.handle(
        scan_command(harness, unit, case, "nothing"), scan_command(harness, foreign, sku=labels.milk)
    )
    assert scanned.error_codes() == ["unknown_scan"]
    receipt = f"/receipts/{harness.scoped_id('R')}"
    session = (await http.get(f"{receipt}/sessions/S")).json()
    assert [scan["scan"] for scan in session["scans"]["items"]] == [unit]
    confirmed = await harness.handle(harness.confirm_command("R"))
    assert [event["scans"] for event in confirmed.data_of("receipt.serials_received.v1")] == [[unit]]
    assert [event["lots"][0]["scan"] for event in confirmed.data_of("receipt.lots_received.v1")] == [case]
    lots = (await http.get(f"{receipt}/lots")).json()["items"]
    assert [(lot["status"], lot["scan"]) for lot in lots] == [("RECEIVED", case), ("WRONG_PRODUCT", foreign)]
    (found,) = (await http.get(f"{receipt}/discrepancies")).json()["items"]
    assert (found["kind"], found["conflicting_value"], found["scan"]) == ("WRONG_PRODUCT", labels.pump, foreign)
    rejections = await harness.fetch_all(
        "SELECT raw FROM rejection WHERE document = :document", document=harness.scoped_id("R")
    )
    assert [(row["raw"]["scans"], "serials" in row["raw"]) for row in rejections] == [([unit, case, "nothing"], False)]


async def test_units_are_returned_by_scans(harness: ReceivingHarness, http: AsyncClient) -> None:
    """S18: shipped units come back by their labels, which name the product; the return shows the texts."""
    labels = Labels(harness)
    await announce(harness, labels)
    await harness.handle(scan_command(harness, labels.unit("U1"), labels.unit("U2")), harness.confirm_command("R"))
    shipped = SerialStateChanged(
        sku=labels.pump, serials=["U1", "U2"], versions=[9, 9], from_status="PICKED", status="SHIPPED",
        reason="dispatched", order=harness.scoped_id("SO"), customer="CLINIC",
    )  # fmt: skip
    await harness.handle(shipped)
    wrong_lot = labels.unit("U2", "L/99")
    command = {
        "return_id": harness.scoped_id("RMA"), "order": harness.scoped_id("SO"), "customer": "CLINIC",
        "location": f"{harness.scoped_id('EAST')}/DOCK", "reason": "broken", "scans": [labels.unit("U1"), wrong_lot],
    }  # fmt: skip
    result = await harness.handle(ReceiveReturn.model_validate(command))
    assert result.error_codes() == ["label_mismatch"]
    assert [event["scans"] for event in result.data_of("return.serials_received.v1")] == [[labels.unit("U1")]]
    shown = (await http.get(f"/returns/{harness.scoped_id('RMA')}")).json()
    assert [(unit["serial"], unit["scan"]) for unit in shown["units"]["items"]] == [("U1", labels.unit("U1"))]
