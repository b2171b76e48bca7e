"""Schema compatibility within one version of a message: only optional fields may be added.

Consumed messages (upstream, commands) may also become more tolerant. Published messages may not, since consumers rely
on every limit. Any other change requires a new version of the message.
"""

from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

IGNORED_KEYWORDS = {"title", "description", "$defs"}
LOWER_BOUNDS = {"minLength", "minItems", "minimum", "exclusiveMinimum"}
UPPER_BOUNDS = {"maxLength", "maxItems", "maximum", "exclusiveMaximum"}
Schema = Mapping[str, Any]


class SchemaChange(NamedTuple):
    """A difference between two schemas; a tolerant one keeps all previously valid messages valid."""

    path: str
    description: str
    is_tolerant: bool = False


def breaking_changes(old: Schema, new: Schema, *, is_published: bool) -> list[str]:
    """List the reasons why `new` may not replace `old`; published messages may not become more tolerant."""
    changes = _changes(_resolve_references(old, old), _resolve_references(new, new), "data")
    return [f"{change.path}: {change.description}" for change in changes if is_published or not change.is_tolerant]


def _resolve_references(node: Any, root: Schema) -> Any:
    """Replace each reference in a schema by its definition."""
    if isinstance(node, Mapping):
        if "$ref" in node:
            definition = root["$defs"][node["$ref"].rpartition("/")[2]]
            return _resolve_references(
                {**definition, **{key: value for key, value in node.items() if key != "$ref"}}, root
            )
        return {
            key: _resolve_references(value, root)
            for key, value in node.items()
            if key not in IGNORED_KEYWORDS or key == "properties"
        }
    return [_resolve_references(item, root) for item in node] if isinstance(node, list) else node


def _changes(old: Schema, new: Schema, path: str) -> Iterator[SchemaChange]:
    for key in sorted({*old, *new}):
        before, after = old.get(key), new.get(key)
        if before == after:
            continue
        if key == "properties":
            yield from _property_changes(before or {}, after or {}, new.get("required", ()), path)
        elif key == "required":
            yield from _requirement_changes(set(before or ()), set(after or ()), old.get("properties", {}), path)
        elif key in LOWER_BOUNDS | UPPER_BOUNDS:
            yield _limit_change(key, before, after, path)
        elif key in {"enum", "const"}:
            yield from _enum_changes(old, new, path)
        elif key == "items" and before and after:
            yield from _changes(before, after, f"{path}[]")
        elif key == "anyOf":
            yield from _choice_changes(before or (), after or (), path)
        else:
            yield SchemaChange(path, f"{key} was {before!r} and is {after!r}")


def _property_changes(old: Schema, new: Schema, required: Any, path: str) -> Iterator[SchemaChange]:
    for name in sorted({*old, *new}):
        if name not in new:
            yield SchemaChange(f"{path}.{name}", "the field was removed")
        elif name in old:
            yield from _changes(old[name], new[name], f"{path}.{name}")
        elif name in required:
            yield SchemaChange(f"{path}.{name}", "a new field is required")


def _requirement_changes(old: set[str], new: set[str], known_properties: Schema, path: str) -> Iterator[SchemaChange]:
    for name in sorted(new - old):
        if name in known_properties:
            yield SchemaChange(f"{path}.{name}", "the optional field became required")
    for name in sorted(old - new):
        yield SchemaChange(f"{path}.{name}", "the required field became optional", is_tolerant=True)


def _limit_change(key: str, before: float | None, after: float | None, path: str) -> SchemaChange:
    is_wider = after is None or (before is not None and (after < before if key in LOWER_BOUNDS else after > before))
    return SchemaChange(path, f"{key} was {before} and is {after}", is_tolerant=is_wider)


def _enum_changes(old: Schema, new: Schema, path: str) -> Iterator[SchemaChange]:
    before, after = (set(schema.get("enum", [schema["const"]] if "const" in schema else ())) for schema in (old, new))
    if removed := before - after:
        yield SchemaChange(path, f"no longer accepts {', '.join(map(str, sorted(removed)))}")
    if added := after - before:
        yield SchemaChange(path, f"also accepts {', '.join(map(str, sorted(added)))}", is_tolerant=True)


def _choice_changes(old: Iterable[Schema], new: Iterable[Schema], path: str) -> Iterator[SchemaChange]:
    before, after = ({str(choice.get("type", "")): choice for choice in choices} for choices in (old, new))
    for type_name in sorted({*before, *after}):
        if type_name not in after:
            yield SchemaChange(path, f"no longer accepts {type_name}")
        elif type_name not in before:
            yield SchemaChange(path, f"also accepts {type_name}", is_tolerant=True)
        else:
            yield from _changes(before[type_name], after[type_name], path)
