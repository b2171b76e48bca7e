"""OpenAPI documentation of queries: operation ids, summaries, parameters, problems."""

import json
import re
from collections.abc import Callable
from typing import Any

from fastapi.routing import APIRoute

from shared.contracts.problems import PROBLEM_TYPES, Code

RETRY_AFTER = {"Retry-After": {"description": "Seconds until the next attempt.", "schema": {"type": "integer"}}}
ABSENCE_BY_COLLECTION = {
    "products": Code.PRODUCT_NOT_FOUND, "warehouses": Code.WAREHOUSE_NOT_FOUND, "locations": Code.LOCATION_NOT_FOUND,
    "receipts": Code.RECEIPT_NOT_FOUND, "returns": Code.RETURN_NOT_FOUND, "discrepancies": Code.DISCREPANCY_NOT_FOUND,
    "serials": Code.SERIAL_NOT_FOUND, "lots": Code.LOT_NOT_FOUND, "recalls": Code.RECALL_NOT_FOUND,
    "imports": Code.IMPORT_NOT_FOUND, "import-mappings": Code.IMPORT_MAPPING_NOT_FOUND,
    "orders": Code.ORDER_NOT_FOUND, "cartons": Code.CARTON_NOT_FOUND, "shipments": Code.SHIPMENT_NOT_FOUND,
}  # fmt: skip
"""Problems of a resource that is not found, by the first segment of its path."""
OPERATOR_LISTS = frozenset({"rejections", "dead-letters", "imports", "import-mappings"})
"""Resources that no message in flight can bring."""
GENERIC_PAGE_NAME = re.compile(r'\bPage_(\w+?)_(?=")')


def operation_ids(service: str) -> Callable[[APIRoute], str]:
    """Return a function for operation ids, for example `receiving.listReceipts`."""

    def operation_id(route: APIRoute) -> str:
        head, *rest = route.name.split("_")
        return f"{service}.{head}{''.join(word.capitalize() for word in rest)}"

    return operation_id


def problem(*codes: Code) -> dict[str, Any]:
    """Describe a problem response with its possible codes."""
    description = "; ".join(f"`{code}`: {PROBLEM_TYPES[code].title}" for code in codes)
    content = {"application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}}
    return {"description": description, "content": content}


def absence(code: Code) -> dict[str, Any]:
    """Describe the problem response of a resource that may be in flight."""
    return problem(code, Code.NOT_YET_AVAILABLE) | {"headers": RETRY_AFTER}


PROBLEMS_OF_COMMANDS: dict[int | str, dict[str, Any]] = {
    400: problem(Code.VALIDATION_ERROR, Code.KEY_MISSING, Code.ACTOR_NOT_ALLOWED),
    408: problem(Code.REQUEST_TIMEOUT),
    413: problem(Code.PAYLOAD_TOO_LARGE),
    415: problem(Code.UNSUPPORTED_MEDIA_TYPE),
    422: problem(Code.KEY_REUSED),
    500: problem(Code.INTERNAL_ERROR),
    503: problem(Code.OVERLOADED, Code.SERVICE_UNAVAILABLE) | {"headers": RETRY_AFTER},
}
"""Problems common to all commands."""


def describe_queries(document: dict[str, Any]) -> None:
    """Complete the GET operations of an OpenAPI document."""
    for path, methods in document["paths"].items():
        if operation := methods.get("get"):
            _summarise(operation)
            for parameter in operation.get("parameters", []):
                _remove_null(parameter)
            _add_problems(path, operation)


def rename_page_schemas(document: dict[str, Any]) -> dict[str, Any]:
    """Replace Pydantic's `Page_Receipt_` by `ReceiptPage`."""
    renamed: dict[str, Any] = json.loads(GENERIC_PAGE_NAME.sub(r"\1Page", json.dumps(document)))
    return renamed


def _summarise(operation: dict[str, Any]) -> None:
    """Rewrite a summary that FastAPI derived from the function name as a sentence."""
    words = re.sub("([A-Z])", r" \1", operation["operationId"].partition(".")[2]).lower().split()
    if operation["summary"].lower().split() != words:
        return
    verb, *rest = words
    if verb == "get" and not rest[-1].endswith("s"):
        rest.insert(0, "an" if rest[0][0] in "aeio" else "a")
    operation["summary"] = " ".join((verb.capitalize(), *rest))


def _remove_null(parameter: dict[str, Any]) -> None:
    """Remove null from the schema of an optional parameter, since a query can omit a value but not send null."""
    schema = parameter["schema"]
    if choices := [choice for choice in schema.get("anyOf", ()) if choice != {"type": "null"}]:
        del schema["anyOf"]
        schema.update(choices[0] if len(choices) == 1 else {"anyOf": choices})


def _add_problems(path: str, operation: dict[str, Any]) -> None:
    responses = operation["responses"]
    if operation.get("parameters"):
        responses.setdefault("400", problem(Code.VALIDATION_ERROR))
    if "{" in path:
        code = ABSENCE_BY_COLLECTION.get(path.split("/")[1], Code.NOT_FOUND)
        may_arrive = path.split("/")[1] not in OPERATOR_LISTS
        responses.setdefault("404", absence(code) if may_arrive else problem(code))
    responses.setdefault("500", problem(Code.INTERNAL_ERROR))
    if "operations" not in operation.get("tags", ()):
        responses.setdefault("503", problem(Code.OVERLOADED, Code.SERVICE_UNAVAILABLE) | {"headers": RETRY_AFTER})
