"""Base class of all models: strict when constructed, tolerant when validating received data."""

from collections.abc import Mapping
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, GetJsonSchemaHandler
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from shared.contracts.descriptions import field_description


class DescribedFields:
    """Mixin of models and dataclasses: each field without a docstring has a description in the schema."""

    __slots__ = ()

    @classmethod
    def __get_pydantic_json_schema__(cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """Add the descriptions to the schema."""
        schema = handler(core_schema)
        for name, field in handler.resolve_ref_schema(schema).get("properties", {}).items():
            if "description" not in field and (description := field_description(cls, name)):
                field["description"] = description
        return schema


class KnownFieldsModel(DescribedFields, BaseModel):
    """A model that raises TypeError when it is constructed or copied with an unknown field.

    Validation (`model_validate`, `model_validate_json`, request bodies) bypasses the constructor and ignores unknown
    fields, so that senders may add fields.
    """

    model_config = ConfigDict(use_attribute_docstrings=True)

    def __init__(self, /, **data: Any) -> None:
        for name in data:
            if name not in self.__pydantic_fields__:
                raise _unknown_field_error(self, name)
        super().__init__(**data)

    # Otherwise pydantic treats this as a custom constructor and calls it during validation.
    __init__.__pydantic_base_init__ = True  # type: ignore[attr-defined]

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """Copy the model with updated fields."""
        for name in update or ():
            if name not in self.__pydantic_fields__:
                raise _unknown_field_error(self, name)
        return super().model_copy(update=update, deep=deep)


def _unknown_field_error(model: BaseModel, name: str) -> TypeError:
    return TypeError(f"{type(model).__name__} has no field {name!r}")
