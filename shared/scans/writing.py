"""Writing of GS1 element strings, bracketed text and Digital Links; only what the standard allows is written."""

from collections.abc import Sequence
from urllib.parse import quote

from shared.scans.associations import Elements
from shared.scans.element_strings import FNC1, judge
from shared.scans.rules import NO_ATTRIBUTES
from shared.scans.values import Identifier, find_identifier


class UnwritableError(ValueError):
    """Elements that the standard does not allow, or not in a Digital Link."""


def to_element_string(elements: Elements) -> str:
    """Write elements as a scanner sends them: those of fixed length first, FNC1 after the others."""
    written = sorted(_identify(elements), key=lambda element: element[0].length is None)
    return "".join(
        f"{identifier.ai}{value}{'' if identifier.length is not None else FNC1}" for identifier, value in written
    ).removesuffix(FNC1)


def to_bracketed(elements: Elements) -> str:
    """Write elements as people read them; a bracket within a value is escaped by a backslash."""
    return "".join(f"({identifier.ai}){value.replace('(', chr(92) + '(')}" for identifier, value in _identify(elements))


def to_digital_link(elements: Elements, domain: str = "https://id.gs1.org") -> str:
    """Write elements as a Digital Link: its key and qualifiers in the path, the others in the query."""
    identified = _identify(elements)
    key = next((element for element in identified if element[0].rules.qualifiers is not None), None)
    if key is None:
        raise UnwritableError("A Digital Link needs a primary key, such as a GTIN or an SSCC")
    values = {identifier.ai: value for identifier, value in identified}
    sequence = _choose_sequence(key[0], values)
    path = [key[0].ai, *(ai for ai in sequence if ai in values)]
    attributes = [ai for ai in values if ai not in path]
    if misplaced := [ai for ai in attributes if ai in NO_ATTRIBUTES]:
        raise UnwritableError(f"AI {misplaced[0]} cannot stand in a Digital Link of AI {key[0].ai}")
    query = "&".join(f"{ai}={quote(values[ai], safe='')}" for ai in attributes)
    segments = "".join(f"/{ai}/{quote(values[ai], safe='')}" for ai in path)
    return f"{domain}{segments}?{query}" if query else f"{domain}{segments}"


def _identify(elements: Elements) -> Sequence[tuple[Identifier, str]]:
    identified = [(identifier, value) for ai, value in elements if (identifier := find_identifier(ai))]
    if unknown := [ai for ai, _ in elements if (found := find_identifier(ai)) is None or found.ai != ai]:
        raise UnwritableError(f"{unknown[0]!r} is no application identifier of GS1")
    problems = judge(identified).problems
    if problems or not identified:
        raise UnwritableError(problems[0].detail if problems else "There is nothing to write")
    return list({identifier.ai: (identifier, value) for identifier, value in identified}.values())


def _choose_sequence(key: Identifier, values: dict[str, str]) -> Sequence[str]:
    sequences = key.rules.qualifiers or ()
    return max(sequences, key=lambda sequence: sum(ai in values for ai in sequence), default=())
