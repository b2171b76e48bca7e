"""Queries of rejections; supervisors close event conflicts."""

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Request, Response
from pydantic import ConfigDict
from sqlalchemy import Row, text

from shared.auth.roles import Role
from shared.contracts.model import KnownFieldsModel
from shared.contracts.problems import Code, ProblemDetail
from shared.contracts.unknown_fields import ClosedJsonSchema
from shared.http import problems, reads
from shared.http.auth import requires
from shared.http.command_parsing import parse_command
from shared.http.dependencies import ReadTransaction
from shared.http.idempotency import IdempotencyKey, StoredResponse, execute_idempotently
from shared.http.lists import PageRequest, paged_by
from shared.http.openapi import COMMAND_HEADERS
from shared.http.pages import MAX_BIGINT, Page
from shared.http.parameters import ONLY_DIGITS, OpenFilter
from shared.http.problems import ProblemError
from shared.identifiers import Reason
from shared.persistence.database import Transaction
from shared.persistence.sorting import SortKey, SortOrder, Sorts

router = APIRouter(tags=["rejections"])
RejectionKind = Literal["COMMAND_REJECTED", "EVENT_CONFLICT"]
RejectionPath = Annotated[int, Path(ge=1, le=MAX_BIGINT, description="Id of the rejection."), ONLY_DIGITS]
COLUMNS = (
    "id, kind, document, type, source, message_id, actor, violations, recorded_at, closed_at, closed_by, "
    "closed_reason, replayed_at"
)
SORTS = Sorts("-recorded_at", recorded_at=[SortKey("id", "bigint")])
"""By the ids, which are in the order of recording."""


def select_rejections(order: SortOrder) -> str:
    """Write the statement of a page."""
    return f"""
    SELECT {COLUMNS} FROM rejection
    WHERE {order.after()}
      AND (CAST(:kind AS text) IS NULL OR kind = :kind)
      AND (CAST(:document AS text) IS NULL OR document = :document)
      AND (CAST(:code AS text) IS NULL OR :code = ANY(codes))
      AND (CAST(:actor AS text) IS NULL OR actor = :actor)
      AND (CAST(:open AS boolean) IS NULL OR (kind = 'EVENT_CONFLICT' AND closed_at IS NULL) = :open)
    {order.order_by} LIMIT :size
    """  # noqa: S608 - constant column names


SELECT_ONE = text(f"SELECT {COLUMNS}, raw FROM rejection WHERE id = :id")  # noqa: S608 - constant column names
UPDATE_CLOSED = text(f"""
    UPDATE rejection SET closed_at = :now, closed_by = :actor, closed_reason = :reason
    WHERE id = :id AND kind = 'EVENT_CONFLICT' AND closed_at IS NULL RETURNING {COLUMNS}, raw
""")  # noqa: S608 - constant column names


class RejectionSummary(KnownFieldsModel):
    """A message that was rejected in whole or in part, with its violations."""

    id: int
    kind: RejectionKind
    document: str
    type: str
    source: str
    message_id: str
    actor: str
    violations: list[ProblemDetail]
    recorded_at: datetime
    closed_at: datetime | None = None
    closed_by: str | None = None
    closed_reason: str | None = None
    replayed_at: datetime | None = None


class RejectionDetail(RejectionSummary):
    """A rejection with the data of its message."""

    raw: dict[str, Any]


class CloseRejection(KnownFieldsModel):
    """The reason for closing an event conflict."""

    model_config = ConfigDict(json_schema_extra={"example": {"reason": "receipt corrected by hand"}})

    reason: Reason


CLOSE_SCHEMA = CloseRejection.model_json_schema(schema_generator=ClosedJsonSchema)
CLOSE_BODY = {"required": True, "content": {"application/json": {"schema": CLOSE_SCHEMA}}}


def _to_summary(row: Row[Any]) -> RejectionSummary:
    return RejectionSummary.model_validate(row._asdict())


def _to_detail(row: Row[Any]) -> RejectionDetail:
    return RejectionDetail.model_validate(row._asdict())


@router.get("/rejections")
async def list_rejections(
    tx: ReadTransaction,
    *,
    kind: Annotated[RejectionKind | None, Query(description="Kind of rejection.")] = None,
    open: OpenFilter = None,  # noqa: A002 - the name of the parameter
    document: Annotated[
        str | None, Query(description="Document of the message: its record key, for example a receipt or an order.")
    ] = None,
    code: Annotated[Code | None, Query(description="Error code.")] = None,
    actor: Annotated[str | None, Query(description="User or device that sent the message.")] = None,
    page: Annotated[PageRequest, paged_by(SORTS)],
) -> Page[RejectionSummary]:
    """List rejected commands and conflicting events, newest first."""
    filters = {"kind": kind, "open": open, "document": document, "code": code, "actor": actor}
    return page.build(await page.fetch(tx, select_rejections, filters), _to_summary)


@router.get("/rejections/{rejection}")
async def get_rejection(tx: ReadTransaction, rejection: RejectionPath) -> RejectionDetail:
    """Get a rejection with the data of its message."""
    rows = await tx.fetch_all(SELECT_ONE, {"id": rejection})
    if not rows:
        raise ProblemError(Code.NOT_FOUND, f"Rejection {rejection} not found")
    return _to_detail(rows[0])


@router.post(
    "/rejections/{rejection}/close", summary="Close an event conflict",
    openapi_extra={"parameters": COMMAND_HEADERS, "requestBody": CLOSE_BODY, **requires(Role.SUPERVISOR)},
    response_model=RejectionDetail, responses=reads.PROBLEMS_OF_COMMANDS,
)  # fmt: skip
async def close_rejection(request: Request, rejection: RejectionPath) -> Response:
    """Close an event conflict with a reason; the record is kept."""
    command = await parse_command(request)
    fields = {name: value for name, value in command.body.items() if name not in request.path_params}
    closing = problems.validate_fields(CloseRejection, fields)

    async def close(tx: Transaction) -> tuple[StoredResponse, bool]:
        values = {"id": rejection, "now": tx.now, "actor": command.identity.actor, "reason": closing.reason}
        rows = await tx.fetch_all(UPDATE_CLOSED, values)
        if not rows:
            raise ProblemError(Code.NOT_FOUND, f"Open event conflict {rejection} not found")
        return StoredResponse(200, _to_detail(rows[0]).model_dump_json()), True

    key = IdempotencyKey(actor=command.identity.subject, route="/rejections/close", key=command.key)
    return await execute_idempotently(request, key, command.hash, close)
