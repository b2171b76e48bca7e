"""Ranges of serial numbers in commands."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from shared.contracts.commands.receiving import ScanItems
from shared.contracts.serial_ranges import SerialNumberRange
from shared.contracts.upstream import AsnAnnounced, AsnChanged

LINE = {"line": "1", "sku": "P", "quantity": 500}
SCAN = {"receipt": "R", "session": "S", "sku": "P", "location": "E/D"}


def serials_of(ranges: list[dict[str, Any]], **line: Any) -> list[str]:
    """The serial numbers of an ASN line with ranges."""
    lines = [LINE | line | {"ranges": ranges}]
    return AsnAnnounced.model_validate({"receipt": "R", "warehouse": "E", "lines": lines}).lines[0].serials


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"from": "A001", "to": "A003"}, ["A001", "A002", "A003"]),
        ({"from": "A9", "to": "A11"}, ["A9", "A10", "A11"]),
        ({"from": "A098", "count": 4}, ["A098", "A099", "A100", "A101"]),
        ({"from": "SN99X", "count": 2}, ["SN99X", "SN100X"]),
        ({"from": "A1B2", "to": "A2B2"}, ["A1B2", "A2B2"]),
        ({"from": "A1B2", "count": 2}, ["A1B2", "A1B3"]),
        ({"from": "007", "to": "007"}, ["007"]),
        ({"from": "A/1 x", "count": 1}, ["A/1 x"]),
    ],
)
def test_range_is_expanded(fields: dict[str, Any], expected: list[str]) -> None:
    """S05: zeros stay, and what surrounds the number is the same; the serials listed come first."""
    assert serials_of([fields], serials=["Z"]) == ["Z", *expected]


@pytest.mark.parametrize(
    ("fields", "problem"),
    [
        ({"from": "A1"}, "either to or count"),
        ({"from": "A1", "to": "A2", "count": 2}, "either to or count"),
        ({"from": "ABC", "count": 2}, "no number"),
        ({"from": "A1", "to": "B1"}, "differ in one number only"),
        ({"from": "A1B1", "to": "A2B2"}, "differ in one number only"),
        ({"from": "A1", "to": "A1B"}, "differ in one number only"),
        ({"from": "A2", "to": "A1"}, "precedes"),
        ({"from": "A1", "to": "A012"}, "leading zeros"),
        ({"from": "A001", "to": "A0500"}, "leading zeros"),
        ({"from": "A0001", "to": "A9999"}, "9999 serial numbers from A0001; at most 500"),
        ({"from": "A1", "count": 501}, "at most 500"),
        ({"from": "A" + "9" * 63, "count": 2}, "exceed 64 characters"),
        ({"from": "1" * 20, "to": "2" * 20}, "18 digits"),
    ],
)
def test_senseless_range_is_refused(fields: dict[str, Any], problem: str) -> None:
    """S05: a range without end, number or bound is refused with the reason."""
    with pytest.raises(ValidationError, match=problem):
        serials_of([fields])


def test_message_is_bounded() -> None:
    """S05: all ranges and serials of a message count together."""
    with pytest.raises(ValidationError, match="at most 500"):
        serials_of([{"from": "A1", "count": 300}, {"from": "B1", "count": 201}])
    with pytest.raises(ValidationError, match="501 serials"):
        serials_of([{"from": "A1", "count": 500}], serials=["Z"])


def test_every_command_with_ranges_costs_its_serials() -> None:
    """S05: a scan, an ASN and an amendment list the serial numbers of their ranges, and no ranges."""
    ranges = [{"from": "A1", "count": 200}]
    scan = ScanItems.model_validate_json(json.dumps(SCAN | {"ranges": ranges}))
    line = {"line": "1", "sku": "P", "ranges": ranges}
    change = AsnChanged.model_validate({"receipt": "R", "lines": [line]})
    assert (scan.cost(), len(scan.serials), scan.ranges, change.cost()) == (200, 200, [], 200)
    assert change.lines[0].serials is not None
    stored = AsnChanged.model_validate_json(change.model_dump_json(exclude_none=True))
    assert stored == change


@given(
    st.text("AB-/ ", max_size=8),
    st.integers(0, 10**9),
    st.integers(0, 9),
    st.text("XY-", max_size=5),
    st.integers(1, 500),
)
def test_range_counts_distinct_serials(prefix: str, start: int, width: int, suffix: str, count: int) -> None:
    """S05: a range by its ends or its count gives as many distinct serial numbers, from the first to the last."""
    first = f"X{prefix}{start:0{width}}{suffix}X"
    serials = SerialNumberRange.model_validate({"from": first, "count": count}).expand()
    assert len(set(serials)) == count
    assert serials[0] == first
    assert {serial.startswith(f"X{prefix}") and serial.endswith(f"{suffix}X") for serial in serials} == {True}
    assert SerialNumberRange.model_validate({"from": first, "to": serials[-1]}).expand() == serials
