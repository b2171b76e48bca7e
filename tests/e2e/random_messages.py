"""Random messages of a model: mostly valid, with unusual values in their fields."""

import types
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from random import Random
from typing import Annotated, Any, Literal, Union, get_args, get_origin

from pydantic import AwareDatetime, BaseModel

JsonObject = dict[str, Any]
TEXTS = (
    "", " ", "x", "x" * 500, "x" * 501, "Ünïcode 💥", "line\nbreak\ttab", "\x01\x1f", "'; DROP TABLE serial; --",
    "%s {} $1",
    "{1,2}", "\\", "\\N", "NULL", "\u202e", '"', "a\u0000b", "0", "-1", "1e9", "true", "/", "..", "%2F", "?a=b#c",
)  # fmt: skip
QUANTITIES = (1, 1, 2, 3, 5, 0.5, 0.000001, 999_999.999999, 1_000_000)
TIMES = (
    "2025-06-01T00:00:00Z",
    "1900-01-01T00:00:00+00:00", "2199-12-31T23:59:59.999999-12:00", "0001-01-01T00:00:00+14:00",
    "9999-12-31T23:59:59-12:00", "2024-02-29T23:59:60Z", "2025-03-30T02:30:00+01:00",
)  # fmt: skip
DATES = ("2090-01-31", "2090-01-31", "2000-01-01", "1900-01-01", "2027-02-31", "31.01.2090")
NUMBERS = (0, 1, 5, 9, 100_000, -1, 2**31, 2**63, 10**30)


class MessageGenerator:
    """Generates messages; `pools` provides identifiers by field name, most of them known to the services."""

    def __init__(self, pools: Mapping[str, Sequence[str]], seed: int) -> None:
        self.pools, self.random = pools, Random(seed)  # noqa: S311 - reproducible, not secret

    def with_pools(self, **pools: Sequence[str]) -> "MessageGenerator":
        """Return a generator with other identifiers for some fields."""
        other = MessageGenerator({**self.pools, **pools}, 0)
        other.random = self.random
        return other

    def message_for(self, model: type[BaseModel]) -> JsonObject:
        """Return the fields of a model, with some optional ones omitted."""
        fields = {}
        for name, field in model.model_fields.items():
            if field.is_required() or self.random.random() < 0.7:
                fields[name] = self._value(name, field.annotation)
        return fields

    def _value(self, field_name: str, annotation: Any) -> Any:
        origin, args = get_origin(annotation), get_args(annotation)
        if origin is Annotated:
            return self._value(field_name, args[0])
        if origin in (Union, types.UnionType):
            return self._value(field_name, self.random.choice(args))
        if origin is Literal:
            return self.random.choice(args)
        if origin is list:
            return [self._value(field_name, args[0]) for _ in range(self.random.choice((0, 1, 1, 2, 3)))]
        return (
            self.message_for(annotation) if issubclass(annotation, BaseModel) else self._scalar(field_name, annotation)
        )

    def _scalar(self, field_name: str, scalar_type: type) -> Any:
        if scalar_type is str:
            return self._text(field_name)
        choices: dict[Any, Sequence[Any]] = {
            AwareDatetime: TIMES,
            Decimal: QUANTITIES, float: QUANTITIES, int: NUMBERS, bool: (True, False), datetime: TIMES, date: DATES,
            types.NoneType: (None,),
        }  # fmt: skip
        return self.random.choice(choices[scalar_type])

    def _text(self, field_name: str) -> str:
        pool = self.pools.get(field_name)
        return self.random.choice(pool if pool and self.random.random() < 0.95 else TEXTS)
