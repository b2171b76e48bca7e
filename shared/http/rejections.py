"""What was refused and what did not fit, to be looked at; a supervisor closes a disagreement."""

from datetime import datetime
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Path, Query, Request, Response
from sqlalchemy import Row, text

from shared.contracts.model import KnownFieldsModel
from shared.contracts.problems import Refusal
from shared.database import Transaction
from shared.http import reads
from shared.http.commands import read, settle
from shared.http.documents import HEADERS
from shared.http.idempotency import Key, Outcome
from shared.http.pages import Page, page, parts
from shared.http.parameters import Cursor, Limit, OpenFilter
from shared.http.problems import NotFound
from shared.http.reading import Reading
from shared.identifiers import Reason

router = APIRouter(tags=["rejections"])
RejectionPath = Annotated[int, Path(description="Rejection.")]
COLUMNS = "id, kind, document, type, source, message, actor, refusals, at, closed_at, closed_by, closed_reason"
LIST = text(f"""
    SELECT {COLUMNS} FROM rejection
    WHERE id < :before
      AND (CAST(:kind AS text) IS NULL OR kind = :kind)
      AND (CAST(:document AS text) IS NULL OR document = :document)
      AND (CAST(:code AS text) IS NULL OR :code = ANY(codes))
      AND (CAST(:actor AS text) IS NULL OR actor = :actor)
      AND (CAST(:open AS boolean) IS NULL OR (kind = 'DISAGREEMENT' AND closed_at IS NULL) = :open)
    ORDER BY id DESC LIMIT :size
""")  # noqa: S608 - the names are this module's own
ONE = text(f"SELECT {COLUMNS}, raw FROM rejection WHERE id = :id")  # noqa: S608 - the names are this module's own
CLOSE = text(f"""
    UPDATE rejection SET closed_at = :now, closed_by = :actor, closed_reason = :reason
    WHERE id = :id AND kind = 'DISAGREEMENT' AND closed_at IS NULL RETURNING {COLUMNS}, raw
""")  # noqa: S608 - the names are this module's own


class RejectionSummary(KnownFieldsModel):
    """A message that was not taken, or not all of it, and why."""

    id: int
    kind: Literal["REFUSAL", "DISAGREEMENT"]
    document: str
    type: str
    source: str
    message: str
    actor: str
    refusals: list[Refusal]
    at: datetime
    closed_at: datetime | None = None
    closed_by: str | None = None
    closed_reason: str | None = None


class RejectionDetail(RejectionSummary):
    """One with the message's data as it came."""

    raw: dict[str, Any]


class CloseRejection(KnownFieldsModel):
    """Why a disagreement needs no more looking at."""

    reason: Reason


def _listed(row: Row[Any]) -> RejectionSummary:
    return RejectionSummary.model_validate(row._asdict())


def _shown(row: Row[Any]) -> RejectionDetail:
    return RejectionDetail.model_validate(row._asdict())


@router.get("/rejections")
async def list_rejections(
    tx: Reading,
    *,
    kind: Annotated[Literal["REFUSAL", "DISAGREEMENT"] | None, Query(description="Kind of rejection.")] = None,
    open: OpenFilter = None,  # noqa: A002 - the name of the parameter
    document: Annotated[str | None, Query(description="Document that the message was about.")] = None,
    code: Annotated[str | None, Query(description="Error code.")] = None,
    actor: Annotated[str | None, Query(description="Who sent the message.")] = None,
    cursor: Cursor = None,
    limit: Limit = 100,
) -> Page[RejectionSummary]:
    """Rejected messages and disagreements, newest first."""
    (before,) = parts(cursor, int) or (2**63 - 1,)
    wanted = {"kind": kind, "open": open, "document": document, "code": code, "actor": actor}
    rows = await tx.rows(LIST, wanted | {"before": before, "size": limit + 1})
    return page(rows, limit, _listed, lambda row: (row.id,))


@router.get("/rejections/{rejection}")
async def get_rejection(tx: Reading, rejection: RejectionPath) -> RejectionDetail:
    """A rejected message with its data."""
    found = await tx.rows(ONE, {"id": rejection})
    if not found:
        raise NotFound(f"there is no rejection {rejection}")
    return _shown(found[0])


@router.post(
    "/rejections/{rejection}/close", summary="Close a disagreement", openapi_extra={"parameters": HEADERS},
    response_model=RejectionDetail, responses=reads.PROBLEMS_OF_COMMANDS,
)  # fmt: skip
async def close_rejection(request: Request, rejection: RejectionPath, closing: CloseRejection) -> Response:
    """Close a disagreement, with a reason; it stays on record."""
    command = await read(request)

    async def act(tx: Transaction) -> tuple[Outcome, bool]:
        values = {"id": rejection, "now": tx.now, "actor": command.actor, "reason": closing.reason}
        found = await tx.rows(CLOSE, values)
        if not found:
            raise NotFound(f"there is no open disagreement {rejection}")
        return Outcome(200, _shown(found[0]).model_dump_json()), True

    key = Key(actor=command.actor, route="/rejections/close", key=command.key)
    return await settle(request, key, command.hash, act)
