"""Laws of ASNs in parts: what is sent twice is as sent once, and the last whole set of parts decides."""

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from tests.support.in_memory.receiving import InMemoryReceiving
from tests.unit.receiving import steps

SERIALS = "abcdef"
PARTS = 3
Statement = tuple[int, int, tuple[dict[str, Any], ...]]
"""Part, number of parts, lines."""


@st.composite
def part_sets(draw: st.DrawFn) -> list[Statement]:
    """Parts of one ASN in any order; each serial is named once, a line by any number of parts."""
    count = draw(st.integers(1, PARTS))
    serials = list(draw(st.permutations(SERIALS)))
    parts: list[Statement] = []
    for part in range(1, count + 1):
        lines = []
        for number in draw(st.lists(st.sampled_from("12"), min_size=1, max_size=2, unique=True)):
            listed = [serials.pop() for _ in range(min(draw(st.integers(0, 2)), len(serials)))]
            lines.append(steps.asn_line(listed, len(listed) + draw(st.integers(0, 2)) or 1, number))
        parts.append((part, count, tuple(lines)))
    return draw(st.permutations(parts))


SCANS = st.lists(st.lists(st.sampled_from(SERIALS + "xy"), min_size=1, max_size=3, unique=True), max_size=3)


def announce(service: InMemoryReceiving, statement: Statement) -> None:
    """Announce a part."""
    part, parts, lines = statement
    steps.announce_receipt(service, "R1", *lines, part=part, parts=parts)


def receive(service: InMemoryReceiving, number: int, serials: Sequence[str]) -> None:
    """Scan units, and confirm every second session."""
    steps.scan_serials(service, "R1", *serials, session=f"S{number}")
    if number % 2 and ("R1", f"S{number}") in service.uow.sessions:
        steps.confirm_session(service, "R1", f"S{number}")


def interleave(*sources: Iterator[Any], choices: Sequence[int]) -> Iterator[Any]:
    """Merge sources in their order, as the choices say."""
    remaining, position = list(sources), 0
    while remaining:
        source = remaining[choices[position % len(choices)] % len(remaining)]
        position += 1
        try:
            yield next(source)
        except StopIteration:
            remaining.remove(source)


def state_of(service: InMemoryReceiving) -> tuple[list[Any], list[Any]]:
    """All lines and units."""
    return sorted(service.uow.lines), sorted(service.uow.units)


CHOICES = st.lists(st.integers(0, 1), min_size=1, max_size=8)


@settings(max_examples=150, deadline=None)
@given(sets=st.lists(part_sets(), min_size=1, max_size=3), scans=SCANS, choices=CHOICES)
def test_what_is_sent_twice_is_as_sent_once(
    sets: list[list[Statement]], scans: list[list[str]], choices: list[int]
) -> None:
    """A repeated part changes neither lines nor units and emits nothing, in any interleaving with receipts (S05)."""
    once, twice = InMemoryReceiving(), InMemoryReceiving()
    statements = iter([statement for part_set in sets for statement in part_set])
    for step in interleave(statements, iter(enumerate(scans)), choices=choices):
        for service, repeats in ((once, 1), (twice, 2)):
            for _ in range(repeats if len(step) == 3 else 1):
                if len(step) == 3:
                    announce(service, step)
                else:
                    receive(service, *step)
    assert state_of(once) == state_of(twice)
    assert [event.TYPE for event in once.published] == [event.TYPE for event in twice.published]


@settings(max_examples=200, deadline=None)
@given(earlier=st.lists(part_sets(), max_size=2), last=part_sets(), scans=SCANS, choices=CHOICES)
def test_last_whole_set_of_parts_decides(
    earlier: list[list[Statement]], last: list[Statement], scans: list[list[str]], choices: list[int]
) -> None:
    """Lines expect the sums of the last set, and exactly its serials are listed (S05, S14).

    A serial that was scanned on another line before stays there, and does not count on the announced one.
    """
    service = InMemoryReceiving()
    statements = iter([*(statement for part_set in earlier for statement in part_set), *last])
    for step in interleave(statements, iter(enumerate(scans)), choices=choices):
        if len(step) == 3:
            announce(service, step)
        else:
            receive(service, *step)
    sums: Counter[str] = Counter()
    line_by_serial: dict[str, str] = {}
    for _, _, lines in last:
        for line in lines:
            sums[line["line"]] += line["quantity"]
            line_by_serial |= dict.fromkeys(line["serials"], line["line"])
    listed = {}
    for unit in service.uow.units:
        number = line_by_serial.get(unit.serial)
        if unit.is_listed and unit.status != "INACTIVE":
            listed[unit.serial] = unit.line
        elif number is not None and unit.status != "INACTIVE":
            assert unit.line != number
            sums[number] -= 1
            del line_by_serial[unit.serial]
    assert listed == line_by_serial
    assert {line.line: int(line.expected_quantity) for line in service.uow.lines if line.expected_quantity} == +sums
