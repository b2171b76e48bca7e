"""Laws of cartons: the scan of an SSCC has the effect of the scans of all items, one by one."""

from collections import Counter
from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from shared.contracts.receiving import ReceiptLotsReceived, ReceiptSerialsReceived
from shared.unit_of_work import CommandResult
from tests.support.in_memory.receiving import InMemoryReceiving
from tests.unit.receiving.carton_steps import allow_cartons, carton, packed, scan_cartons
from tests.unit.receiving.steps import (
    announce_receipt,
    asn_line,
    confirm_session,
    line_counts,
    scan_lots,
    scan_serials,
    scanned_lot,
)

PALLET = 9
EXPIRIES = {"L1": "2026-12-31", "L2": "2026-03-02", "L3": "2027-01-31"}
"""The goods of L2 are rejected on arrival."""
SERIALS = st.sets(st.sampled_from(list("ABCDEFGH")))
CONTENTS = st.tuples(SERIALS, st.lists(st.tuples(st.sampled_from(sorted(EXPIRIES)), st.integers(1, 5))))


def announced(contents: list[tuple[set[str], list[tuple[str, int]]]]) -> InMemoryReceiving:
    """A service that expects cartons on a pallet, with one more pump and 10 more of milk."""
    service = InMemoryReceiving()
    allow_cartons(service, "PUMP", "MILK")
    totals = Counter[str]()
    for _, lots in contents:
        for lot, quantity in lots:
            totals[lot] += quantity
    milk = asn_line(number="2", sku="MILK", quantity=totals.total() + 10)
    milk["lots"] = [{"lot": lot, "quantity": count, "expiry": EXPIRIES[lot]} for lot, count in totals.items()]
    pumps = asn_line(quantity=1 + sum(len(serials) for serials, _ in contents))
    cartons = [
        carton(
            number,
            *([packed(*sorted(serials))] if serials else []),
            *(packed(line="2", lot=lot, quantity=count) for lot, count in lots),
            pallet=PALLET,
        )
        for number, (serials, lots) in enumerate(contents)
    ]
    result = announce_receipt(service, "R1", pumps, milk, cartons=cartons)
    assert not result.violations
    return service


def outcome(service: InMemoryReceiving, confirmed: CommandResult) -> Any:
    """What a receipt has led to, whatever it was inferred from."""
    received: Counter[tuple[str, ...]] = Counter()
    quantities: dict[tuple[Any, ...], Decimal] = {}
    for event in confirmed.events:
        if isinstance(event, ReceiptSerialsReceived):
            received.update((event.line, serial) for serial in event.serials)
        elif isinstance(event, ReceiptLotsReceived):
            for lot in event.lots:
                key = (event.line, lot.lot, lot.expiry)
                quantities[key] = quantities.get(key, Decimal(0)) + lot.quantity
    units = {unit.serial: (unit.status, unit.line, unit.version) for unit in service.uow.units}
    rejected = Counter[tuple[str | None, str]]()
    for row in service.uow.discrepancies:
        rejected[row.lot, row.kind] += int(row.quantity)
    return received, quantities, units, rejected, line_counts(service, "R1"), line_counts(service, "R1", "2")


@given(
    drawn=st.lists(CONTENTS, min_size=1, max_size=3), before=SERIALS,
    by_pallet=st.booleans(),
)  # fmt: skip
def test_a_carton_is_its_items_one_by_one(
    drawn: list[tuple[set[str], list[tuple[str, int]]]], before: set[str], *, by_pallet: bool
) -> None:
    """Cartons, or their pallet, lead to what the scans of their units and lots lead to (S13, S16, S23)."""
    seen: set[str] = set()
    contents = []
    for serials, lots in drawn:
        contents.append((serials - seen, lots))
        seen |= serials
    whole, single = announced(contents), announced(contents)
    for service in (whole, single):
        if before:
            scan_serials(service, "R1", *sorted(before))
    if by_pallet:
        scan_cartons(whole, "R1", PALLET)
    else:
        scan_cartons(whole, "R1", *range(len(contents)))
    totals = Counter[str]()
    for serials, lots in contents:
        for serial in sorted(serials):
            scan_serials(single, "R1", serial)
        for lot, quantity in lots:
            totals[lot] += quantity
    for lot, quantity in totals.items():  # the total quantity of a lot, as one scan
        scan_lots(single, "R1", scanned_lot(lot, quantity, expiry=None))
    assert outcome(whole, confirm_session(whole, "R1")) == outcome(single, confirm_session(single, "R1"))
