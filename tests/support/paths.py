"""HTTP paths of commands."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from shared.messaging.handlers import CommandHandler


def path_of(handler: CommandHandler, data: Mapping[str, Any]) -> str:
    """Return the path of a command; missing values are replaced by a dash."""
    values = {name: quote(str(data.get(field, "")), safe="") or "-" for name, field in handler.path_fields.items()}
    return handler.path.format(**values)
