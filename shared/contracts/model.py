"""The base of our models: strict where we construct one, tolerant where what others sent is validated."""

from collections.abc import Mapping
from typing import Any, Self

from pydantic import BaseModel


class KnownFieldsModel(BaseModel):
    """A model that raises TypeError when it is constructed or copied with an unknown field.

    Validation (`model_validate`, `model_validate_json`, the body of a request) does not go through the constructor: it
    ignores unknown fields, so that senders may add some.
    """

    def __init__(self, /, **data: Any) -> None:
        for name in data:
            if name not in self.__pydantic_fields__:
                raise _unknown(self, name)
        super().__init__(**data)

    # So pydantic does not take this for a constructor of the model's own, which validation would have to call.
    __init__.__pydantic_base_init__ = True  # type: ignore[attr-defined]

    def model_copy(self, *, update: Mapping[str, Any] | None = None, deep: bool = False) -> Self:
        """Copy the model, with other values for some of its fields."""
        for name in update or ():
            if name not in self.__pydantic_fields__:
                raise _unknown(self, name)
        return super().model_copy(update=update, deep=deep)


def _unknown(model: BaseModel, name: str) -> TypeError:
    return TypeError(f"{type(model).__name__} has no field {name!r}")
