"""Fields and parameters that do not exist: their paths, and the nearest known names.

Whoever sends a message to us learns what is not understood; readers of our own events ignore what they do not know.
"""

import re
from collections.abc import Collection, Iterable, Mapping
from difflib import SequenceMatcher
from typing import Any, NamedTuple, get_args

from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic.json_schema import GenerateJsonSchema, JsonSchemaValue
from pydantic_core.core_schema import ModelSchema

EXTRA_FIELD = "extra_forbidden"
"""Type of pydantic's error about a field that does not exist."""
EXTENSION_ATTRIBUTE = re.compile(r"[a-z0-9]+")
"""Names of the extension attributes that a CloudEvents envelope may carry."""
MIN_SIMILARITY = 0.6
MAX_NAME_LENGTH = 100


class ClosedJsonSchema(GenerateJsonSchema):
    """Generates schemas of messages that are sent to us: no other field is allowed, at any depth."""

    def model_schema(self, schema: ModelSchema) -> JsonSchemaValue:
        """Close the schema of each model, except of an envelope."""
        closed = super().model_schema(schema)
        return closed if "specversion" in closed["properties"] else closed | {"additionalProperties": False}


class UnknownName(NamedTuple):
    """A field or parameter that does not exist; `path` leads to it."""

    path: str
    known: Collection[str]
    """Names that exist in its place."""

    @property
    def nearest(self) -> str | None:
        """The most similar known name; None if no name is similar."""
        name = self.path.rpartition(".")[2]
        similarities = {known: _similarity(name, known) for known in self.known}
        best = max(similarities, key=similarities.__getitem__, default="")
        return best if similarities.get(best, 0) >= MIN_SIMILARITY else None

    @property
    def suggestion(self) -> str | None:
        """The path with the nearest known name instead."""
        parent, separator, _ = self.path.rpartition(".")
        return self.nearest and f"{parent}{separator}{self.nearest}"

    @property
    def message(self) -> str:
        """What to write instead."""
        if nearest := self.nearest:
            return f"does not exist; did you mean {nearest}?"
        return f"does not exist; known here: {', '.join(sorted(self.known)) or 'none'}"


def find_unknown_fields(
    model: type[BaseModel], errors: Iterable[Mapping[str, Any]], internal: Collection[str] = ()
) -> list[UnknownName]:
    """List the unknown fields among validation errors of a model; internal ones are not suggested.

    An envelope may have extension attributes.
    """
    unknown = []
    for path in (error["loc"] for error in errors if error["type"] == EXTRA_FIELD):
        *parents, name = path
        is_extension = not parents and "specversion" in model.model_fields and EXTENSION_ATTRIBUTE.fullmatch(str(name))
        if not is_extension:
            known = _fields_at(model, parents) - set(internal)
            unknown.append(UnknownName(".".join(str(part)[:MAX_NAME_LENGTH] for part in path), known))
    return unknown


def _fields_at(model: type[BaseModel], path: Iterable[str | int]) -> set[str]:
    """Return the names of the fields at a path of field names and list indexes."""
    models = {model}
    for name in path:
        fields = [field for outer in models for known, field in _fields_of(outer) if known == name]
        models = {found for field in fields for found in _models_in(field.annotation)} or models
    return {name for found in models for name, _ in _fields_of(found)}


def _fields_of(model: type[BaseModel]) -> list[tuple[str, FieldInfo]]:
    """Return the fields by the names that a sender writes."""
    return [(field.alias or name, field) for name, field in model.model_fields.items()]


def _models_in(annotation: Any) -> set[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return {annotation}
    return {model for argument in get_args(annotation) for model in _models_in(argument)}


def _similarity(name: str, known: str) -> float:
    """Compare names without case and separators; a name that is part of the other is nearer."""
    first, second = name.lower().replace("_", "").replace("-", ""), known.lower().replace("_", "")
    is_part = first.startswith(second) or second.startswith(first) or _words(name) <= _words(known)
    return SequenceMatcher(None, first, second).ratio() + (0.2 if is_part else 0)


def _words(name: str) -> set[str]:
    return {word.lower() for word in re.findall(r"[A-Za-z][a-z0-9]*", name)}
