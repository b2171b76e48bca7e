"""Rules of GS1 elements among each other: required, excluded and contradicting ones."""

from collections.abc import Iterable, Iterator
from functools import lru_cache

from shared.scans.problems import ScanProblem, ScanProblemCode
from shared.scans.values import Identifier, find_identifier

Elements = tuple[tuple[str, str], ...]


def association_problems(elements: Elements) -> Iterator[ScanProblem]:
    """Yield what is wrong with elements among each other."""
    values: dict[str, str] = {}
    contradicting = dict.fromkeys(ai for ai, value in elements if values.setdefault(ai, value) != value)
    for ai in contradicting:
        found = [value for other, value in elements if other == ai]
        detail = f"AI {ai} states both {found[0]!r} and another value; find out which is right and enter it by hand"
        yield ScanProblem(ScanProblemCode.CONTRADICTING_AI, detail, ai)
    for ai in values:
        identifier = find_identifier(ai)
        if identifier is not None:
            yield from _rule_problems(identifier, values)


def _rule_problems(identifier: Identifier, present: Iterable[str]) -> Iterator[ScanProblem]:
    ai = identifier.ai
    for choices in identifier.rules.requires:
        if not any(matches(choices, other) for other in present):
            needed = f"AI {choices[0]}" if len(choices) == 1 else f"one of AI {', '.join(choices)}"
            detail = f"{identifier.name} means nothing without {needed}; scan the code that holds both"
            yield ScanProblem(ScanProblemCode.MISSING_AI, detail, ai)
    for other in present:
        if other != ai and matches(identifier.rules.excludes, other):
            detail = f"{identifier.name} and AI {other} exclude each other; have the label replaced"
            yield ScanProblem(ScanProblemCode.EXCLUSIVE_AI, detail, ai)


@lru_cache(maxsize=20_000)
def matches(patterns: tuple[str, ...], ai: str) -> bool:
    """Whether an application identifier is one of some patterns, in which n is any digit."""
    return any(
        len(pattern) == len(ai) and all(sign in ("n", digit) for sign, digit in zip(pattern, ai, strict=True))
        for pattern in patterns
    )
