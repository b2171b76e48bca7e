"""GS1 Digital Link URIs: read tolerantly, every departure from the standard named."""

import re
from base64 import urlsafe_b64decode
from collections.abc import Sequence
from typing import NamedTuple
from urllib.parse import unquote

from shared.scans.element_strings import Reading, judge
from shared.scans.gtin import has_check_digit
from shared.scans.problems import ScanProblem, ScanProblemCode
from shared.scans.rules import NO_ATTRIBUTES
from shared.scans.values import Identifier, find_identifier

_LINK = re.compile(
    r"(?P<scheme>https?)://(?P<domain>[A-Za-z0-9.:\[\]-]+)/(?P<path>[^?#]*)(?:\?(?P<query>[^#]*))?(?:#.*)?",
    re.IGNORECASE | re.DOTALL,
)
NAMES = {
    "sscc": "00", "gtin": "01", "gdti": "253", "gcn": "255", "ginc": "401", "gsin": "402", "gln": "414", "payto": "415",
    "party": "417", "grai": "8003", "giai": "8004", "itip": "8006", "cpid": "8010", "gmn": "8013", "gsrnp": "8017",
    "gsrn": "8018", "cpv": "22", "lot": "10", "ser": "21", "glnx": "254", "refno": "8020", "srin": "8019",
}  # fmt: skip
"""Names that earlier versions of the standard allowed in place of application identifiers."""
_COMPRESSED = re.compile(r"(?:.*/)?([A-Za-z0-9_-]{10,})")
_OPTIMISED = range(10, 16)


class _Segment(NamedTuple):
    identifier: Identifier
    value: str
    problems: tuple[ScanProblem, ...]


def read_digital_link(value: str) -> Reading | None:
    """Read a Digital Link; None if the address is another one."""
    link = _LINK.fullmatch(value)
    if link is None:
        return None
    path = link["path"]
    parts = path.removesuffix("/").split("/")
    start = _find_key(parts)
    if start is None:
        return Reading(problems=(_COMPRESSED_PROBLEM,)) if is_compressed(path) else None
    problems = []
    if link["scheme"] not in {"http", "https", "HTTP", "HTTPS"}:
        problems.append(
            _note(ScanProblemCode.SCHEME_IN_MIXED_CASE, "The scheme of the link mixes upper and lower case")
        )
    if path.endswith("/"):
        problems.append(_note(ScanProblemCode.TRAILING_SLASH, "The path of the link ends with a slash"))
    segments = [_read_segment(parts[index], parts[index + 1]) for index in range(start, len(parts), 2)]
    elements = [(segment.identifier, segment.value) for segment in segments if isinstance(segment, _Segment)]
    for segment in segments:
        problems.extend(segment.problems if isinstance(segment, _Segment) else [segment])
    problems.extend(_path_problems([identifier for identifier, _ in elements]))
    attributes, faults = _read_query(link["query"] or "")
    problems.extend([*faults, *_query_problems(elements, attributes)])
    return judge([*elements, *attributes], problems)


def is_compressed(path: str) -> bool:
    """Whether the end of a path holds a GTIN as compressed Digital Links do: one byte, then 47 bits."""
    match = _COMPRESSED.fullmatch(path)
    if match is None:
        return False
    text = match[1]
    if len(text) % 4 == 1:
        return False
    data = urlsafe_b64decode(text + "=" * (-len(text) % 4))
    gtin = str(int.from_bytes(data[1:7], "big") >> 1).zfill(14)
    is_key = data[0] == 1 or data[0] % 16 in _OPTIMISED
    return is_key and len(gtin) == 14 and has_check_digit(gtin)


def _find_key(parts: Sequence[str]) -> int | None:
    """Return where the rightmost primary key stands, as application identifier and value take turns."""
    for index in range(len(parts) - 2, -1, -2):
        identifier = find_identifier(NAMES.get(parts[index].lower(), parts[index]))
        if identifier and identifier.rules.qualifiers is not None and _names(identifier, parts[index]):
            return index
    return None


def _names(identifier: Identifier, text: str) -> bool:
    return identifier.ai == NAMES.get(text.lower(), text)


def _read_segment(name: str, encoded: str) -> _Segment | ScanProblem:
    ai = NAMES.get(name.lower(), name)
    identifier = find_identifier(ai)
    if identifier is None or identifier.ai != ai:
        return _unknown(name)
    value, problems = unquote(encoded), []
    if ai != name:
        problems.append(_note(ScanProblemCode.NAME_FOR_AI, f"The link names {name!r} in place of AI {ai}", ai))
    if ai == "01" and len(value) in {8, 12, 13} and value.isdecimal():
        problems.append(_note(ScanProblemCode.SHORT_GTIN, f"The link states a GTIN of {len(value)} digits, not 14", ai))
        value = value.zfill(14)
    return _Segment(identifier, value, tuple(problems))


def _path_problems(identifiers: Sequence[Identifier]) -> list[ScanProblem]:
    """Return the qualifiers that do not belong to the key, or not in their order."""
    if not identifiers:
        return []
    key, *qualifiers = identifiers
    found = tuple(identifier.ai for identifier in qualifiers)
    sequences = key.rules.qualifiers or ()
    if any(found == tuple(ai for ai in sequence if ai in found) for sequence in ((), *sequences)):
        return []
    detail = f"The link states AI {', '.join(found)} in its path after {key.name}, not in the order of the standard"
    return [_note(ScanProblemCode.MISPLACED_AI, detail, key.ai)]


def _read_query(query: str) -> tuple[list[tuple[Identifier, str]], list[ScanProblem]]:
    """Return the attributes; parameters that are no number belong to the owner of the domain."""
    attributes, problems = [], []
    for parameter in query.split("&"):
        name, sign, encoded = parameter.partition("=")
        if not (sign and name.isascii() and name.isdecimal()):
            continue
        identifier = find_identifier(name)
        if identifier is None or identifier.ai != name:
            problems.append(_unknown(name))
            continue
        value = unquote(encoded.replace("+", " "))
        is_short = name == "01" and len(value) in {8, 12, 13} and value.isdecimal()
        attributes.append((identifier, value.zfill(14) if is_short else value))
    return attributes, problems


def _query_problems(
    elements: Sequence[tuple[Identifier, str]], attributes: Sequence[tuple[Identifier, str]]
) -> list[ScanProblem]:
    """Return the attributes that belong into the path or stand twice."""
    if not elements:
        return []
    key, *qualifiers = (identifier for identifier, _ in elements)
    used = {identifier.ai for identifier in qualifiers}
    sequences = [set(sequence) for sequence in key.rules.qualifiers or () if used <= set(sequence)]
    problems, seen = [], used | {key.ai}
    for identifier, _ in attributes:
        ai = identifier.ai
        if ai in seen:
            problems.append(_note(ScanProblemCode.REPEATED_AI, f"The link states AI {ai} twice", ai))
        elif ai in NO_ATTRIBUTES or any(ai in sequence for sequence in sequences):
            detail = f"The link states {identifier.name} in its query, not in its path"
            problems.append(_note(ScanProblemCode.MISPLACED_AI, detail, ai))
        seen.add(ai)
    return problems


def _note(code: ScanProblemCode, what: str, ai: str = "") -> ScanProblem:
    return ScanProblem(code, f"{what}; it was read all the same, tell the maker of the label", ai)


def _unknown(name: str) -> ScanProblem:
    detail = f"The link states {name[:16]!r}, which is no application identifier of GS1; have the label replaced"
    return ScanProblem(ScanProblemCode.UNKNOWN_AI, detail, name[:4])


_COMPRESSED_PROBLEM = ScanProblem(
    ScanProblemCode.COMPRESSED_LINK,
    "This is a compressed Digital Link, which is not read; scan another code of the label, or enter it by hand",
)
