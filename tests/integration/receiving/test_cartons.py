"""Cartons and pallets of ASNs, received unit by unit or by their SSCC."""

from typing import Any

from httpx import AsyncClient

from shared.contracts.commands.receiving import DefineSupplier, ScanItems, UndoScan
from shared.contracts.upstream import AsnAnnounced, AsnCancelled, AsnChanged, ProductDefined
from tests.integration.receiving.conftest import ReceivingHarness
from tests.support.auth import bearer
from tests.support.harness import ProcessingResult
from tests.support.sscc import new_sscc


def scan_carton_command(harness: ReceivingHarness, receipt: str, sscc: str, session: str = "S") -> ScanItems:
    """A scan of an SSCC at the dock."""
    location = f"{harness.scoped_id('EAST')}/DOCK"
    return ScanItems(receipt=harness.scoped_id(receipt), session=session, location=location, scans=[f"]C100{sscc}"])


async def announce_pallet(harness: ReceivingHarness, receipt: str = "R2") -> tuple[str, str, str]:
    """Announce a pallet with a carton of pumps A and B, and one of pump C and 4 of milk; return their SSCCs."""
    pallet, first, second = new_sscc(), new_sscc(), new_sscc()
    lot = {"lot": "L1", "quantity": 10, "expiry": "2099-12-31"}
    lines = [
        {"line": "1", "sku": harness.scoped_id("PUMP"), "quantity": 3},
        {"line": "2", "sku": harness.scoped_id("MILK"), "quantity": 10, "lots": [lot]},
    ]
    cartons: list[dict[str, Any]] = [
        {"sscc": first, "pallet": pallet, "content": [{"line": "1", "serials": ["A", "B"]}]},
        {
            "sscc": second, "pallet": pallet,
            "content": [{"line": "1", "serials": ["C"]}, {"line": "2", "lot": "L1", "quantity": 4}],
        },
    ]  # fmt: skip
    fields = {"receipt": harness.scoped_id(receipt), "warehouse": harness.scoped_id("EAST"), "supplier": "Acme"}
    await harness.handle(AsnAnnounced.model_validate(fields | {"lines": lines, "cartons": cartons}))
    return pallet, first, second


async def test_a_carton_shows_its_progress(milk_harness: ReceivingHarness, http: AsyncClient) -> None:
    """S13, S15, S16, S33: an SSCC in any spelling shows content and progress; without opt-in, its units are scanned."""
    harness = milk_harness
    pallet, first, second = await announce_pallet(harness)
    refused = await harness.handle(scan_carton_command(harness, "R2", first))
    assert [data["code"] for data in refused.data_of("receipt.rejected.v1")] == ["carton_receipt_not_allowed"]
    await harness.handle(harness.scan_command("R2", "A"), harness.confirm_command("R2"))
    await harness.handle(harness.scan_command("R2", "B", session="S2"))
    for text in (first, f"(00){first}", f"]C100{first}", f"https://id.gs1.org/00/{first}"):
        answer = await http.get(f"/cartons/{text.replace('/', '%2F')}")
        assert answer.status_code == 200, answer.text
        carton = answer.json()
        assert (carton["pallet"], carton["received"], carton["scanned"], carton["open_quantity"]) == (pallet, 1, 1, 0)
        assert [unit["status"] for unit in carton["content"][0]["units"]] == ["RECEIVED", "SCANNED"]
        parsed = (await http.post("/scans/parse", json={"text": text})).json()
        assert (parsed["read_as"]["kind"], parsed["read_as"]["path"]) == ("CARTON", f"/cartons/{first}")
        assert parsed["carton"] == carton
    whole = (await http.get(f"/cartons/{pallet}")).json()
    assert [carton["sscc"] for carton in whole["cartons"]] == sorted([first, second])
    assert (whole["quantity"], whole["open_quantity"], whole["content"]) == (7, 5, [])
    listed = (await http.get(f"/receipts/{harness.scoped_id('R2')}/cartons", params={"limit": 1})).json()
    assert [carton["sscc"] for carton in listed["items"]] == [min(first, second)]
    path = f"/receipts/{harness.scoped_id('R2')}/cartons"
    for is_open, expected in ((True, [second]), (False, [first])):
        listed = (await http.get(path, params={"open": is_open, "pallet": pallet})).json()
        assert [carton["sscc"] for carton in listed["items"]] == expected
    assert (await http.get(f"/cartons/{new_sscc()}")).json()["code"] == "carton_not_found"
    assert (await http.get("/cartons/123")).json()["code"] == "carton_not_found"


async def test_a_pallet_is_received_by_one_scan(milk_harness: ReceivingHarness, http: AsyncClient) -> None:
    """S13, S16: with opt-in, one scan receives a pallet; rows, events and the carton say from which SSCC."""
    harness = milk_harness
    supplier = harness.scoped_id("Acme")
    pallet, first, second = await announce_pallet(harness)
    await harness.handle(
        DefineSupplier(supplier=supplier, receive_by_carton=True),
        ProductDefined(sku=harness.scoped_id("PUMP"), receive_by_carton=True),
        ProductDefined(sku=harness.scoped_id("MILK"), receive_by_carton=True),
    )
    assert (await http.get(f"/suppliers/{supplier}")).json()["receive_by_carton"] is True
    assert (await http.get(f"/products/{harness.scoped_id('PUMP')}")).json()["receive_by_carton"] is True
    scan = scan_carton_command(harness, "R2", pallet).model_dump(mode="json", exclude_defaults=True)
    answer = await http.post("/scans", json=scan, headers=bearer("anna") | {"Idempotency-Key": pallet})
    assert answer.status_code == 200, answer.text
    scanned = answer.json()
    assert (scanned["sku"], scanned["accepted"], len(scanned["scan_results"])) == (None, 4, 3)
    assert {item["inferred_from"] for item in scanned["lots"]} == {second}
    session = (await http.get(f"/receipts/{harness.scoped_id('R2')}/sessions/S")).json()
    assert {scan["serial"]: scan["inferred_from"] for scan in session["scans"]["items"]} == {
        "A": first, "B": first, "C": second,
    }  # fmt: skip
    assert [lot["inferred_from"] for lot in session["lots"]] == [second]
    confirmed = await harness.handle(harness.confirm_command("R2"), actor="anna")
    units = confirmed.data_of("receipt.serials_received.v1")
    assert [(event["serials"], event["inferred_from"]) for event in units] == [(["A", "B"], first), (["C"], second)]
    (lots,) = confirmed.data_of("receipt.lots_received.v1")
    assert lots["inferred_from"] == second
    received = (await http.get(f"/cartons/{pallet}")).json()
    assert (received["received"], received["open_quantity"]) == (7, 0)


async def process_carton(harness: ReceivingHarness, receipt: str, unit_count: int) -> list[ProcessingResult]:
    """Announce a carton of units twice, scan its SSCC, undo that, scan it again and confirm."""
    sscc, serials = new_sscc(), [f"{receipt}-{number}" for number in range(unit_count)]
    carton = {"sscc": sscc, "content": [{"line": "1", "serials": serials}]}
    announcement = harness.asn_command(receipt, quantity=unit_count, cartons=[carton])
    return [
        await harness.handle(announcement),
        await harness.handle(announcement),
        await harness.handle(scan_carton_command(harness, receipt, sscc)),
        await harness.handle(UndoScan(receipt=harness.scoped_id(receipt), session="S", scans=[sscc])),
        await harness.handle(scan_carton_command(harness, receipt, sscc)),
        await harness.handle(harness.confirm_command(receipt)),
    ]


async def test_statement_count_does_not_grow_with_the_carton(harness: ReceivingHarness) -> None:
    """S13: a carton of 500 units takes as many statements as one of two."""
    await harness.handle(ProductDefined(sku=harness.scoped_id("PUMP"), receive_by_carton=True))
    small = await process_carton(harness, "FEW", 2)
    large = await process_carton(harness, "MANY", 500)
    assert [result.statement_count for result in large] == [result.statement_count for result in small]
    assert len(large[-1].data_of("receipt.serials_received.v1")[0]["serials"]) == 500


async def test_the_latest_asn_takes_a_carton(harness: ReceivingHarness, http: AsyncClient) -> None:
    """S05: the same part changes nothing, withdrawn serials leave their carton, the latest ASN takes a carton over."""
    first, second = new_sscc(), new_sscc()
    content = [{"line": "1", "quantity": "1.0", "serials": ["A"]}]
    announcement = harness.asn_command("R1", quantity=2, cartons=[{"sscc": first, "content": content}])
    await harness.handle(announcement)
    await harness.handle(AsnCancelled(receipt=harness.scoped_id("R1")))
    assert not (await harness.handle(announcement)).data_of("receipt.rejected.v1")
    changed = harness.asn_command("R1", quantity=2, cartons=[{"sscc": second, "content": content}])
    (rejected,) = (await harness.handle(changed)).data_of("receipt.rejected.v1")
    assert rejected["code"] == "receipt_cancelled"
    both = [{"sscc": first, "content": content}, {"sscc": second, "content": [{"line": "1", "serials": ["B"]}]}]
    await harness.handle(harness.asn_command("R2", quantity=2, cartons=both))
    await harness.handle(harness.asn_command("R3", quantity=2, cartons=both[1:]))
    await harness.handle(
        AsnChanged.model_validate(
            {
                "receipt": harness.scoped_id("R2"),
                "lines": [{"line": "1", "sku": harness.scoped_id("PUMP"), "serials": []}],
            }
        )
    )
    carton = (await http.get(f"/cartons/{first}")).json()
    assert (carton["receipt"], carton["content"]) == (harness.scoped_id("R2"), [])
    assert (await http.get(f"/cartons/{second}")).json()["receipt"] == harness.scoped_id("R3")
    old = await http.get(f"/cartons/{first}", params={"receipt": harness.scoped_id("R1")})
    assert old.json()["receipt_status"] == "CANCELLED"
