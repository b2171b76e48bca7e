"""References of stock changes to documents: columns that have the names of the message fields."""

from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from pydantic import BaseModel

FIELD_BY_COLUMN = {"order_id": "order"}
"""Columns whose field has another name: ORDER is reserved in SQL."""


@cache
def document_fields(model: type[BaseModel], columns: Sequence[str]) -> Mapping[str, str]:
    """Return the columns that a model has a field for, with the names of the fields."""
    fields = {column: FIELD_BY_COLUMN.get(column, column) for column in columns}
    return {column: field for column, field in fields.items() if field in model.model_fields}


def read_documents(message: BaseModel, columns: Sequence[str]) -> dict[str, Any]:
    """Return the references in a message, by column."""
    return {column: getattr(message, field) for column, field in document_fields(type(message), columns).items()}
