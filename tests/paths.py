"""Where a command is posted."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from shared.routing import Takes


def path_of(row: Takes, data: Mapping[str, Any]) -> str:
    """The path of one command; a dash stands for what it does not name."""
    named = {name: quote(str(data.get(field, "")), safe="") or "-" for name, field in row.path_fields.items()}
    return row.post.format(**named)
