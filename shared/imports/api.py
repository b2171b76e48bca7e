"""HTTP API of imports: send a file, follow its rows, get its errors as a file, cancel it."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query, Request, Response
from fastapi import Path as PathParameter
from fastapi.responses import StreamingResponse

from shared.auth.roles import Role
from shared.contracts.problems import Code
from shared.http import CsvResponse, ReadTransaction, add_report_routes, problems, reads
from shared.http.auth import identity_of, requires
from shared.http.problems import OverloadedError, ProblemError, RequestTimeoutError
from shared.http.reports import DISPOSITION
from shared.imports import mapping_api, mappings, store
from shared.imports.files import MAX_FILE_BYTES, DateFormat, Delimiter, Encoding
from shared.imports.kinds import ImportKind
from shared.imports.mapping_api import SenderName
from shared.imports.mappings import MappingOptions
from shared.imports.progress import IMPORTS, ImportProgress, load_progress, row_file
from shared.imports.staging import import_file
from shared.imports.store import Sending
from shared.persistence.database import read_only, transaction

MAX_UPLOADS = 2
"""Files that a replica reads at the same time."""
UPLOAD_TIMEOUT = 600.0
FILE_BODY = {
    "required": True,
    "content": {
        media_type: {"schema": {"type": "string", "format": "binary"}}
        for media_type in ("text/csv", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")
    },
}

RESPONSES: dict[int | str, dict[str, Any]] = {
    400: reads.problem(Code.INVALID_FILE, Code.VALIDATION_ERROR),
    404: reads.problem(Code.IMPORT_NOT_FOUND),
    408: reads.problem(Code.REQUEST_TIMEOUT),
    409: reads.problem(Code.IMPORT_EXISTS),
    500: reads.problem(Code.INTERNAL_ERROR),
    503: reads.problem(Code.OVERLOADED, Code.SERVICE_UNAVAILABLE),
}
FILE_RESPONSES: dict[int | str, dict[str, Any]] = {
    200: {"description": "A CSV file with a header row (RFC 4180).", "headers": DISPOSITION}
}

NUMBER_PATTERN = "^[!-.0-~]{1,30}$"
NumberPath = Annotated[str, PathParameter(pattern=NUMBER_PATTERN, description="Number of the import.")]
NumberQuery = Annotated[
    str, Query(pattern=NUMBER_PATTERN, description="Number of the import; the same again is compared row by row.")
]
DryRun = Annotated[bool, Query(description="`true` checks every row with all rules and changes nothing.")]
Replace = Annotated[bool, Query(description="`true` processes rows again that were done with other values.")]
EncodingQuery = Annotated[Encoding | None, Query(description="Encoding; UTF-8 and UTF-16 with BOM are detected.")]
DelimiterQuery = Annotated[Delimiter | None, Query(description="Delimiter of CSV; by default the header decides.")]
SenderQuery = Annotated[
    SenderName | None, Query(description="Sender of the file; the saved mapping of the sender is the default.")
]
DateFormatQuery = Annotated[
    DateFormat | None,
    Query(description="Format of the dates, by default `YYYY-MM-DD`; ISO dates are always accepted."),
]
DecimalQuery = Annotated[
    Literal[".", ","] | None, Query(description="Decimal sign of quantities, a point (the default) or a comma.")
]
GuardQuery = Annotated[
    bool | None, Query(description="Whether apostrophes before formula characters are guards of an export.")
]
HeaderQuery = Annotated[
    list[str] | None,
    Query(description="A header and its column, such as `Seriennr:serial`; without a column it is left out."),
]


def build_router(kinds: Sequence[ImportKind]) -> APIRouter:
    """Build the routes of the imports of a service."""
    router = APIRouter(tags=["imports"])
    for kind in kinds:
        _add_kind(router, kind)
    kinds_by_name = {kind.name: kind for kind in kinds}
    add_report_routes(router, [IMPORTS], "file")
    router.include_router(mapping_api.build_router(kinds_by_name))

    @router.get("/imports/{number}")
    async def get_import(tx: ReadTransaction, number: NumberPath) -> ImportProgress:
        """Get the progress of an import in rows."""
        return await load_progress(tx, number)

    @router.post("/imports/{number}/cancel", responses=RESPONSES, openapi_extra=requires(Role.SUPERVISOR))
    async def cancel_import(request: Request, number: NumberPath) -> ImportProgress:
        """Cancel an import: rows that are done stay done, the others are not processed."""
        async with transaction(request.app.state.engine) as tx:
            job = await store.find(tx, number)
            if job.status in {"READING", "RUNNING"}:
                await store.set_status(tx, job, "CANCELLED")
            return await load_progress(tx, number)

    async def send_rows(request: Request, tx: ReadTransaction, number: str, *, failed: bool) -> StreamingResponse:
        progress = await load_progress(tx, number)
        return await row_file(request, kinds_by_name[progress.kind], number, failed=failed)

    @router.get("/imports/{number}/errors.csv", response_class=CsvResponse, responses=FILE_RESPONSES)
    async def download_import_errors(request: Request, tx: ReadTransaction, number: NumberPath) -> StreamingResponse:
        """Download the failed rows with their problems, to correct and send them again under the same number."""
        return await send_rows(request, tx, number, failed=True)

    @router.get("/imports/{number}/rows.csv", response_class=CsvResponse, responses=FILE_RESPONSES)
    async def download_import_rows(request: Request, tx: ReadTransaction, number: NumberPath) -> StreamingResponse:
        """Download all rows with their status, problems and the earlier import that has done the same row."""
        return await send_rows(request, tx, number, failed=False)

    return router


def _add_kind(router: APIRouter, kind: ImportKind) -> None:
    async def post_file(
        request: Request,
        response: Response,
        number: NumberQuery,
        *,
        sender: SenderQuery = None,
        dry_run: DryRun = False,
        replace: Replace = False,
        encoding: EncodingQuery = None,
        delimiter: DelimiterQuery = None,
        date_format: DateFormatQuery = None,
        decimal: DecimalQuery = None,
        guard: GuardQuery = None,
        header: HeaderQuery = None,
    ) -> ImportProgress:
        actor = identity_of(request).actor
        headers = [{"header": name, "column": column} for name, column in map(split_header, header or ())]
        given = {
            "headers": headers, "encoding": encoding, "delimiter": delimiter, "date_format": date_format,
            "decimal": decimal, "guard": guard,
        }  # fmt: skip
        declared = problems.validate_fields(MappingOptions, given)
        if faults := mappings.find_faults(kind, declared):
            raise problems.validation_problem(faults)
        async with read_only(request.app.state.engine) as tx:
            saved = await mappings.find_mapping(tx, sender, kind.name) if sender else None
        options = declared.complete(saved or MappingOptions())
        response.headers["Location"] = f"/imports/{number}"
        sending = Sending(number, kind, actor, sender or "", is_dry_run=dry_run, replace=replace)
        async with _upload(request) as path:
            return await import_file(request, sending, path, options)

    async def get_template() -> Response:
        header = ",".join(column.name for column in kind.columns)
        disposition = {"Content-Disposition": f'attachment; filename="{kind.name}.csv"'}
        return Response(f"{header}\r\n", media_type="text/csv", headers=disposition)

    words = kind.name.replace("-", "_")
    router.add_api_route(
        f"/imports/{kind.name}", post_file, methods=["POST"], status_code=202, name=f"import_{words}",
        summary=f"Import {kind.title} from CSV or XLSX",
        description=kind.description, responses=RESPONSES,
        openapi_extra={"requestBody": FILE_BODY, **requires(Role.SUPERVISOR)},
    )  # fmt: skip
    router.add_api_route(
        f"/imports/{kind.name}/template.csv", get_template, name=f"download_import_{words}_template",
        description=f"Download a file with the header of an import of {kind.title}.",
        response_class=CsvResponse, responses=FILE_RESPONSES,
    )  # fmt: skip


def split_header(text: str) -> tuple[str, str]:
    """Split a header from its column; a header may have colons."""
    header, _, column = text.rpartition(":")
    return header, column


@asynccontextmanager
async def _upload(request: Request) -> AsyncIterator[Path]:
    """Write the body to a file; raises a problem if it is too large, or too many are being read."""
    state = request.app.state
    state.uploads = getattr(state, "uploads", 0)
    if state.uploads >= MAX_UPLOADS:
        raise OverloadedError(f"{MAX_UPLOADS} files are being read")
    state.uploads += 1
    try:
        with TemporaryDirectory(prefix="tracelot-") as folder:
            path = Path(folder) / "upload"
            await _write_body(request, path)
            yield path
    finally:
        state.uploads -= 1


async def _write_body(request: Request, path: Path) -> None:
    size, stated = 0, request.headers.get("Content-Length", "")
    if stated.isdecimal() and int(stated) > MAX_FILE_BYTES:
        raise _too_large()
    try:
        async with asyncio.timeout(UPLOAD_TIMEOUT):
            with path.open("wb") as file:
                async for chunk in request.stream():
                    size += len(chunk)
                    if size > MAX_FILE_BYTES:
                        raise _too_large()
                    file.write(chunk)
    except TimeoutError:
        raise RequestTimeoutError(f"The file did not arrive within {UPLOAD_TIMEOUT:.0f} s") from None


def _too_large() -> ProblemError:
    problem = ProblemError(Code.INVALID_FILE, f"The file exceeds {MAX_FILE_BYTES} bytes; split it into several")
    problem.headers = {"Connection": "close"}  # the rest of the file is not awaited
    return problem
