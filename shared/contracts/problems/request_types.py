"""Problem types of requests and messages, whatever they are about."""

from shared.contracts.problems.codes import Code
from shared.contracts.problems.problem_type import ProblemType

REQUEST_PROBLEMS: dict[Code, ProblemType] = {
    Code.VALIDATION_ERROR: ProblemType(
        400, "Request does not match its schema", "Correct the fields listed in `errors` and send it again."
    ),
    Code.UNKNOWN_FIELD: ProblemType(
        400,
        "Field does not exist",
        "Nothing was processed. Correct or remove the fields listed in `errors` or `ids`. A message on Kafka is kept: "
        "replay it after an upgrade to a version that knows the fields, or send it corrected under a new id.",
    ),
    Code.UNKNOWN_PARAMETER: ProblemType(
        400, "Parameter does not exist", "Correct or remove the parameters listed in `errors`; see /docs."
    ),
    Code.PAYLOAD_TOO_LARGE: ProblemType(
        413, "Payload exceeds 1 MiB", "Split it into requests of at most 500 items each."
    ),
    Code.UNSUPPORTED_MEDIA_TYPE: ProblemType(
        415, "Body is not JSON in UTF-8", "Send the body as application/json in UTF-8, without compression."
    ),
    Code.HEADERS_TOO_LARGE: ProblemType(
        431, "Request line and headers too large", "Send shorter parameters and only the headers that are needed."
    ),
    Code.INVALID_FILE: ProblemType(
        400,
        "File cannot be imported",
        "Nothing of the file was imported. Correct it and send it again under its number.",
    ),
    Code.IMPORT_NOT_FOUND: ProblemType(404, "Import not found", "Check the number, and the service of its kind."),
    Code.IMPORT_MAPPING_NOT_FOUND: ProblemType(
        404, "Import mapping not found", "Check the sender in GET /import-mappings, or set its mapping."
    ),
    Code.IMPORT_EXISTS: ProblemType(
        409, "Import number in use", "Read the import of this number, and send another file under a number of its own."
    ),
    Code.IMPORT_ROW_CHANGED: ProblemType(
        409, "Row was imported with other values", "Restore the values, or send the file with replace=true."
    ),
    Code.DUPLICATE_ROW: ProblemType(409, "Row stands twice in the file", "Remove one of the rows."),
    Code.TOO_MANY_ROWS: ProblemType(
        400, "Report exceeds a sheet", "Read it as CSV from the address in `ids`, or narrow its filters."
    ),
    Code.NOT_FOUND: ProblemType(404, "Not found", "Check the identifier. Identifiers are case-sensitive."),
    Code.NOT_YET_AVAILABLE: ProblemType(
        409,
        "Not available yet",
        "A message about it may still be in flight. Retry after the interval in Retry-After, with the same key; "
        "on Kafka send it again under a new id. If it does not exist, a later answer over HTTP says so.",
    ),
    Code.KEY_REUSED: ProblemType(
        422, "Idempotency-Key reused with a different request body", "Use a new key for each command."
    ),
    Code.MESSAGE_ID_REUSED: ProblemType(
        409,
        "Message id reused with other content",
        "Give each message an id of its own; a corrected message needs a new id, also after a rejection.",
    ),
    Code.KEY_MISSING: ProblemType(
        400, "Idempotency-Key header required", "Send an Idempotency-Key header with a new key for each command."
    ),
    Code.ACTOR_NOT_ALLOWED: ProblemType(
        400,
        "Actor cannot be named",
        "Leave out X-Actor and `actor`, and sign in as the user or device: the token names the actor.",
    ),
    Code.UNAUTHENTICATED: ProblemType(
        401,
        "Sign-in required",
        "Send the header `Authorization: Bearer TOKEN` with a valid token: sign in again, or let an admin issue one "
        "with `tracelot token issue`. On Kafka send the message again under a new id, with a valid token in its header "
        "`authorization`.",
    ),
    Code.FORBIDDEN: ProblemType(
        403,
        "Role not sufficient",
        "Ask a person with the role to do or to approve it, or an admin to grant the role.",
    ),
    Code.SERVICE_UNAVAILABLE: ProblemType(
        503, "Service temporarily unavailable", "Retry with the same Idempotency-Key."
    ),
    Code.OVERLOADED: ProblemType(
        503,
        "Too many concurrent requests",
        "Nothing was processed. Retry with the same Idempotency-Key after the interval in Retry-After.",
    ),
    Code.REQUEST_TIMEOUT: ProblemType(
        408, "Request body not received in time", "Nothing was processed. Retry with the same Idempotency-Key."
    ),
    Code.METHOD_NOT_ALLOWED: ProblemType(405, "Method not allowed", "See /docs for the supported methods."),
    Code.INTERNAL_ERROR: ProblemType(
        500, "Internal server error", "No change was made. Retry; report it if it happens again."
    ),
}
