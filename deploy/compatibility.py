"""Whether a message's schema may follow another under the same version: only an optional field may be added.

What we take from others (upstream, commands) may also become more tolerant; what we say may not, as its readers rely on
every limit. Anything else is a new version of the message.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

SILENT = {"title", "description", "$defs"}
LOWER = {"minLength", "minItems", "minimum", "exclusiveMinimum"}
UPPER = {"maxLength", "maxItems", "maximum", "exclusiveMaximum"}
Schema = Mapping[str, Any]


class Change(NamedTuple):
    """A difference: where, what, and whether everything that fitted before still fits."""

    where: str
    what: str
    tolerant: bool = False


def breaks(old: Schema, new: Schema, *, ours: bool) -> list[str]:
    """Every reason why `new` may not replace `old`; `ours` are messages that we write."""
    found = _changes(_whole(old, old), _whole(new, new), "data")
    return [f"{change.where}: {change.what}" for change in found if ours or not change.tolerant]


def _whole(node: Any, root: Schema) -> Any:
    """A schema with every reference replaced by what it names."""
    if isinstance(node, Mapping):
        if "$ref" in node:
            named = root["$defs"][node["$ref"].rpartition("/")[2]]
            return _whole({**named, **{key: value for key, value in node.items() if key != "$ref"}}, root)
        return {key: _whole(value, root) for key, value in node.items() if key not in SILENT or key == "properties"}
    return [_whole(one, root) for one in node] if isinstance(node, list) else node


def _changes(old: Schema, new: Schema, at: str) -> Iterator[Change]:
    for key in sorted({*old, *new}):
        before, after = old.get(key), new.get(key)
        if before == after:
            continue
        if key == "properties":
            yield from _properties(before or {}, after or {}, new.get("required", ()), at)
        elif key == "required":
            yield from _required(set(before or ()), set(after or ()), old.get("properties", {}), at)
        elif key in LOWER | UPPER:
            yield _limit(key, before, after, at)
        elif key in {"enum", "const"}:
            yield from _values(old, new, at)
        elif key == "items" and before and after:
            yield from _changes(before, after, f"{at}[]")
        elif key == "anyOf":
            yield from _choices(before or (), after or (), at)
        else:
            yield Change(at, f"{key} was {before!r} and is {after!r}")


def _properties(old: Schema, new: Schema, required: Any, at: str) -> Iterator[Change]:
    for name in sorted({*old, *new}):
        if name not in new:
            yield Change(f"{at}.{name}", "the field is gone")
        elif name in old:
            yield from _changes(old[name], new[name], f"{at}.{name}")
        elif name in required:
            yield Change(f"{at}.{name}", "a new field is required")


def _required(old: set[str], new: set[str], known: Schema, at: str) -> Iterator[Change]:
    for name in sorted(new - old):
        if name in known:
            yield Change(f"{at}.{name}", "the field was optional and is required")
    for name in sorted(old - new):
        yield Change(f"{at}.{name}", "the field was always there and is optional", tolerant=True)


def _limit(key: str, before: float | None, after: float | None, at: str) -> Change:
    wider = after is None or (before is not None and (after < before if key in LOWER else after > before))
    return Change(at, f"{key} was {before} and is {after}", tolerant=wider)


def _values(old: Schema, new: Schema, at: str) -> Iterator[Change]:
    before, after = (set(one.get("enum", [one["const"]] if "const" in one else ())) for one in (old, new))
    if gone := before - after:
        yield Change(at, f"no longer takes {', '.join(map(str, sorted(gone)))}")
    if more := after - before:
        yield Change(at, f"also takes {', '.join(map(str, sorted(more)))}", tolerant=True)


def _choices(old: Iterable[Schema], new: Iterable[Schema], at: str) -> Iterator[Change]:
    before, after = ({str(one.get("type", "")): one for one in some} for some in (old, new))
    for kind in sorted({*before, *after}):
        if kind not in after:
            yield Change(at, f"can no longer be {kind}")
        elif kind not in before:
            yield Change(at, f"can also be {kind}", tolerant=True)
        else:
            yield from _changes(before[kind], after[kind], at)
