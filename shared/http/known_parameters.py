"""Refusal of query parameters that a route does not have, and of repeated ones that may stand once."""

from collections import Counter
from collections.abc import Mapping
from typing import Any
from weakref import WeakKeyDictionary

from fastapi import Request, params
from fastapi.dependencies.utils import get_flat_params
from pydantic.fields import FieldInfo

from shared.contracts.problems import Code
from shared.contracts.unknown_fields import MAX_NAME_LENGTH, UnknownName
from shared.http.problems import unknown_name_errors, validation_problem

_parameters_by_endpoint: WeakKeyDictionary[Any, Mapping[str, bool]] = WeakKeyDictionary()


async def require_known_parameters(request: Request) -> None:
    """Raise a problem that lists the unknown and the repeated parameters; a dependency of all routes."""
    if not request.query_params:
        return
    known = _parameters_of(request.scope["route"])
    counts = Counter(name for name, _ in request.query_params.multi_items())
    unknown = [UnknownName(name[:MAX_NAME_LENGTH], known) for name in counts if name not in known]
    repeated = [
        {"field": name, "message": f"stands {count} times; it may stand once"}
        for name, count in counts.items()
        if count > 1 and not known.get(name, True)
    ]
    if unknown or repeated:
        code = Code.VALIDATION_ERROR if repeated else Code.UNKNOWN_PARAMETER
        raise validation_problem([*unknown_name_errors(unknown), *repeated], code)


def _parameters_of(route: Any) -> Mapping[str, bool]:
    """Return the names of the query parameters of a route; whether each may be repeated."""
    if (known := _parameters_by_endpoint.get(route.endpoint)) is None:
        fields = [field for field in get_flat_params(route.dependant) if isinstance(field.field_info, params.Query)]
        known = {field.alias: _is_list(field.field_info) for field in fields}
        _parameters_by_endpoint[route.endpoint] = known
    return known


def _is_list(field: FieldInfo) -> bool:
    return "list[" in str(field.annotation)
