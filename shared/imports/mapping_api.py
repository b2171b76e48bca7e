"""HTTP API of saved mappings: set, list, show and delete what the files of a sender are like."""

from collections.abc import Mapping
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import Field

from shared.auth.roles import Role
from shared.contracts.problems import Code
from shared.contracts.unknown_fields import ClosedJsonSchema
from shared.http import Page, PageRequest, ReadTransaction, paged_by, problems, reads
from shared.http.auth import requires
from shared.http.command_parsing import parse_command
from shared.http.idempotency import IdempotencyKey, StoredResponse, execute_idempotently
from shared.http.openapi import COMMAND_HEADERS
from shared.http.problems import ProblemError
from shared.identifiers import ShortText
from shared.imports import mappings
from shared.imports.kinds import ImportKind
from shared.imports.mappings import ImportMapping, MappingOptions
from shared.persistence.database import Transaction

SenderName = Annotated[ShortText, Field(min_length=1)]
SenderPath = Annotated[SenderName, Path(description="Name of the sender of the files.")]
RESPONSES = {**reads.PROBLEMS_OF_COMMANDS, 404: reads.problem(Code.IMPORT_MAPPING_NOT_FOUND)}


def _describe_body() -> dict[str, Any]:
    """Describe the body of a mapping, with its headers in place."""
    schema = MappingOptions.model_json_schema(schema_generator=ClosedJsonSchema)
    schema["properties"]["headers"]["items"] = schema.pop("$defs")["HeaderMapping"]
    return {"required": True, "content": {"application/json": {"schema": schema}}}


def build_router(kinds_by_name: Mapping[str, ImportKind]) -> APIRouter:
    """Build the routes of the saved mappings of a service."""
    router = APIRouter(tags=["imports"])
    kind_names: Any = Literal[tuple(kinds_by_name)]
    KindPath = Annotated[kind_names, Path(description="Kind of import.")]  # noqa: N806 - a type
    KindFilter = Annotated[kind_names | None, Query(description="Kind of import.")]  # noqa: N806 - a type

    @router.get("/import-mappings")
    async def list_import_mappings(
        tx: ReadTransaction,
        *,
        sender: Annotated[str | None, Query(description="Sender of the files.")] = None,
        kind: KindFilter = None,
        page: Annotated[PageRequest, paged_by(mappings.SORTS)],
    ) -> Page[ImportMapping]:
        """List the saved mappings by sender and kind."""
        rows = await page.fetch(tx, mappings.select_mappings, {"sender": sender, "kind": kind})
        return page.build(rows, lambda row: mappings.to_mapping(row._asdict()))

    @router.get("/import-mappings/{sender}/{kind}")
    async def get_import_mapping(tx: ReadTransaction, sender: SenderPath, kind: KindPath) -> ImportMapping:
        """Get the mapping of a sender for a kind of import."""
        return await _require_mapping(tx, sender, kind)

    @router.post(
        "/import-mappings/{sender}/{kind}", summary="Set an import mapping",
        openapi_extra={
            "parameters": COMMAND_HEADERS, "requestBody": _describe_body(), **requires(Role.SUPERVISOR),
        },
        response_model=ImportMapping, responses=RESPONSES,
    )  # fmt: skip
    async def set_import_mapping(request: Request, sender: SenderPath, kind: KindPath) -> Response:
        """Set what the files of a sender are like; its next imports of this kind are read so by default."""
        command = await parse_command(request)
        fields = {name: value for name, value in command.body.items() if name not in request.path_params}
        options = problems.validate_fields(MappingOptions, fields)
        if faults := mappings.find_faults(kinds_by_name[kind], options):
            raise problems.validation_problem(faults)

        async def save(tx: Transaction) -> tuple[StoredResponse, bool]:
            await mappings.save_mapping(tx, sender, kind, options, command.identity.actor)
            return StoredResponse(200, (await _require_mapping(tx, sender, kind)).model_dump_json()), True

        key = IdempotencyKey(actor=command.identity.subject, route="/import-mappings", key=command.key)
        return await execute_idempotently(request, key, command.hash, save)

    @router.post(
        "/import-mappings/{sender}/{kind}/delete", summary="Delete an import mapping",
        openapi_extra={
            "parameters": COMMAND_HEADERS,
            "requestBody": {"required": True, "content": {"application/json": {"schema": {"type": "object"}}}},
            **requires(Role.SUPERVISOR),
        },
        response_model=ImportMapping, responses=RESPONSES,
    )  # fmt: skip
    async def delete_import_mapping(request: Request, sender: SenderPath, kind: KindPath) -> Response:
        """Delete the mapping of a sender; returns what it was."""
        command = await parse_command(request)

        async def delete(tx: Transaction) -> tuple[StoredResponse, bool]:
            mapping = await _require_mapping(tx, sender, kind)
            await mappings.delete_mapping(tx, sender, kind)
            return StoredResponse(200, mapping.model_dump_json()), True

        key = IdempotencyKey(actor=command.identity.subject, route="/import-mappings/delete", key=command.key)
        return await execute_idempotently(request, key, command.hash, delete)

    return router


async def _require_mapping(tx: Transaction, sender: str, kind: str) -> ImportMapping:
    mapping = await mappings.find_mapping(tx, sender, kind)
    if mapping is None:
        raise ProblemError(Code.IMPORT_MAPPING_NOT_FOUND, f"No mapping of {sender} for {kind}", ids=[sender])
    return mapping
