"""Law of raw scans: a label in any spelling does what typing its content does."""

from datetime import date
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from services.receiving.products.domain.records import ProductBarcode
from shared.contracts.commands.receiving import ScanItems
from shared.identifiers import fold_lot
from shared.scans.writing import to_bracketed, to_digital_link, to_element_string
from shared.unit_of_work import CommandResult
from tests.support.in_memory.receiving import InMemoryReceiving
from tests.unit.receiving.steps import announce_receipt, asn_line, confirm_session

GTINS = {"PUMP": "09521234543213", "MILK": "19521234543210"}
QUANTITY = 12
ALPHABET = "ABab019-/.:_%&'(,"
identifiers = st.text(ALPHABET, min_size=1, max_size=20)
days = st.none() | st.dates(date(2026, 3, 1), date(2027, 12, 31))
spellings = st.sampled_from(
    [
        lambda elements: "]C1" + to_element_string(elements),
        lambda elements: to_element_string(elements).replace("\x1d", "<GS>"),
        lambda elements: "]d2" + to_element_string(elements).replace("\x1d", "Ctrl+]"),
        lambda elements: "]Q3" + to_element_string(elements).replace("\x1d", "{GS}"),
        to_bracketed, to_digital_link,
    ]
)  # fmt: skip
labels = st.lists(
    st.fixed_dictionaries(
        {"sku": st.sampled_from(sorted(GTINS)), "number": identifiers, "lot": st.none() | identifiers, "expiry": days,
         "spell": spellings}
    ),
    min_size=1, max_size=6, unique_by=(lambda label: label["number"], lambda label: fold_lot(label["number"])),
)  # fmt: skip


def new_service() -> InMemoryReceiving:
    """A service with barcodes, whose receipt R1 expects pumps and milk."""
    service = InMemoryReceiving()
    service.uow.barcodes.load(
        [ProductBarcode(GTINS["PUMP"], "PUMP", 1), ProductBarcode(GTINS["MILK"], "MILK", QUANTITY)]
    )
    announce_receipt(service, "R1", asn_line(["A", "B"], 4), asn_line(number="2", sku="MILK", quantity=30))
    return service


def write(label: dict[str, Any]) -> str:
    """The label as a scanner sends it."""
    is_unit = label["sku"] == "PUMP"
    number = {"21": label["number"]} if is_unit else {"10": label["number"]}
    lot = {"10": label["lot"]} if is_unit and label["lot"] else {}
    expiry = {"17": f"{label['expiry']:%y%m%d}"} if label["expiry"] else {}
    text: str = label["spell"](tuple(({"01": GTINS[label["sku"]]} | lot | number | expiry).items()))
    return text


def typed(label: dict[str, Any]) -> dict[str, Any]:
    """The content of the label, typed."""
    if label["sku"] == "PUMP":
        stated = {"lot": label["lot"], "expiry": label["expiry"]}
        return {"sku": "PUMP", "serials": [label["number"]], "gtin": GTINS["PUMP"], **stated}
    entry = {"lot": label["number"], "quantity": QUANTITY, "expiry": label["expiry"]}
    return {"sku": "MILK", "lots": [entry]}


def send(service: InMemoryReceiving, **fields: Any) -> CommandResult:
    """Send a scan at the dock."""
    data = {"receipt": "R1", "session": "S", "location": "EAST/DOCK"}
    return service.handle_command(ScanItems.model_validate(data | fields))


def contents(result: CommandResult) -> list[dict[str, Any]]:
    """Events of a result without scans and ids."""
    ignored = {"cause", "scans", "scan", "hold_id", "discrepancy"}
    return [_without(event.model_dump(), ignored) for event in result.events]


def _without(value: Any, ignored: set[str]) -> Any:
    if isinstance(value, dict):
        return {key: _without(item, ignored) for key, item in value.items() if key not in ignored}
    return [_without(item, ignored) for item in value] if isinstance(value, list) else value


@settings(max_examples=60)
@given(labels)
def test_a_label_does_what_typing_it_does(contents_of_labels: list[dict[str, Any]]) -> None:
    """S13, S14, S23: one command of raw scans changes and publishes what typed commands for each label do."""
    scanning, typing = new_service(), new_service()
    raw = send(scanning, scans=[write(label) for label in contents_of_labels])
    single = [send(typing, **typed(label)) for label in contents_of_labels]
    by_body = [result.body for result in single if result.body is not None]
    typed_statuses = sorted(
        (item.scanned_value, item.status)
        for body in by_body
        for item in (*body.scan_results, *body.lots)  # type: ignore[attr-defined]
    )
    raw_body: Any = raw.body
    accepted = [] if raw_body is None else [*raw_body.scan_results, *raw_body.lots]
    rejected = {violation_id for result in single for violation in result.violations for violation_id in violation.ids}
    assert sorted((item.scanned_value, item.status) for item in accepted if item.scanned_value not in rejected) == [
        entry for entry in typed_statuses if entry[0] not in rejected
    ]
    assert {id_ for violation in raw.violations for id_ in violation.ids} == rejected
    if by_body:
        assert contents(confirm_session(scanning, "R1")) == contents(confirm_session(typing, "R1"))
