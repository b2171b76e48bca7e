"""Ranges of serial numbers, which stand for the serial numbers between their ends."""

import re
from typing import Annotated, NamedTuple, Self

from pydantic import Field, StringConstraints, model_validator

from shared.contracts.envelope import MAX_ITEMS_PER_MESSAGE, ContractModel
from shared.identifiers import SERIAL_PATTERN, Integer

RangeEnd = Annotated[str, StringConstraints(pattern=SERIAL_PATTERN)]

_NUMBERS = re.compile(r"([0-9]+)")
_MAX_LENGTH = 64
_MAX_DIGITS = 18


class SerialNumberRange(ContractModel):
    """Consecutive serial numbers: `{"from": "A001", "to": "A120"}` or `{"from": "SN100", "count": 20}`.

    Zeros before the number stay; what surrounds it is the same in all of them. With `count` the last number counts up.
    """

    first: RangeEnd = Field(alias="from")
    """First serial number."""
    to: RangeEnd | None = None
    """Last serial number; it differs from the first in one number."""
    count: Annotated[Integer, Field(ge=1)] | None = None
    """How many serial numbers, instead of the last one."""

    @model_validator(mode="after")
    def _bounded(self) -> Self:
        if (self.to is None) == (self.count is None):
            raise ValueError("either to or count required")
        span = find_span(self.first, self.to, self.count or 0)
        if span.size > MAX_ITEMS_PER_MESSAGE:
            raise ValueError(
                f"{span.size} serial numbers from {self.first}; at most {MAX_ITEMS_PER_MESSAGE} per message"
            )
        return self

    def expand(self) -> list[str]:
        """Return the serial numbers of the range."""
        return find_span(self.first, self.to, self.count or 0).expand()


class SerialRanges(ContractModel):
    """A model with `serials` that also takes ranges; once validated, it lists their serial numbers."""

    ranges: Annotated[list[SerialNumberRange], Field(max_length=MAX_ITEMS_PER_MESSAGE)] = []
    """Ranges of further serial numbers, as typed; no scan is read as a range."""

    @model_validator(mode="after")
    def _expand_ranges(self) -> Self:
        if not self.ranges:
            return self
        listed: list[str] | None = getattr(self, "serials", None)
        serials = [*(listed or ()), *(serial for entry in self.ranges for serial in entry.expand())]
        if len(serials) > MAX_ITEMS_PER_MESSAGE:
            raise ValueError(f"{len(serials)} serials with the ranges; at most {MAX_ITEMS_PER_MESSAGE} per message")
        object.__setattr__(self, "serials", serials)
        object.__setattr__(self, "ranges", [])
        self.__pydantic_fields_set__.add("serials")
        self.__pydantic_fields_set__.discard("ranges")
        return self


class Span(NamedTuple):
    """The serial numbers of a range: what precedes the number, its first value as written, and what follows it."""

    prefix: str
    start: str
    suffix: str
    size: int

    @property
    def last(self) -> str:
        """The last serial number."""
        return self._write(int(self.start) + self.size - 1)

    def expand(self) -> list[str]:
        """Return the serial numbers."""
        first = int(self.start)
        return [self._write(number) for number in range(first, first + self.size)]

    def _write(self, number: int) -> str:
        return f"{self.prefix}{number:0{len(self.start)}}{self.suffix}"


def find_span(first: str, to: str | None, count: int) -> Span:
    """Return the serial numbers from the first to the last, or as many as counted; raises ValueError if none fit."""
    span = _find_span(first, to, count)
    if len(span.last) > _MAX_LENGTH:
        raise ValueError(f"the serial numbers from {first} exceed {_MAX_LENGTH} characters")
    return span


def _find_span(first: str, to: str | None, count: int) -> Span:
    parts = _NUMBERS.split(first)
    if len(parts) == 1:
        raise ValueError(f"{first} has no number to count up")
    if to is None:
        return _around(parts, len(parts) - 2, count)
    ends = _NUMBERS.split(to)
    different = [index for index, (part, end) in enumerate(zip(parts, ends, strict=False)) if part != end]
    index = different[0] if different else len(parts) - 2
    if len(parts) != len(ends) or len(different) > 1 or index % 2 == 0:
        raise ValueError(f"{first} and {to} must differ in one number only")
    start, end = parts[index], ends[index]
    if max(len(start), len(end)) > _MAX_DIGITS:
        raise ValueError(f"the number of {first} has more than {_MAX_DIGITS} digits")
    if end != f"{int(end):0{len(start)}}":
        raise ValueError(f"{to} has other leading zeros than {first}")
    if int(end) < int(start):
        raise ValueError(f"{to} precedes {first}")
    return _around(parts, index, int(end) - int(start) + 1)


def _around(parts: list[str], index: int, size: int) -> Span:
    return Span("".join(parts[:index]), parts[index], "".join(parts[index + 1 :]), size)
