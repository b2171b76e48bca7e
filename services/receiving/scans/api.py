"""HTTP API of scans: says what a scanned text is, without recording anything."""

from datetime import date
from decimal import Decimal
from typing import Annotated

from fastapi import APIRouter
from pydantic import ConfigDict, Field

from services.receiving.cartons.api import AnnouncedCartonDetail, find_carton
from services.receiving.receipts.domain.records import ReceiptStatus, UnitStatus
from services.receiving.scans import queries
from services.receiving.scans.domain.candidates import (
    Candidate,
    CandidateKind,
    Context,
    ambiguity,
    find_other_formats,
    plan_look_up,
    resolve,
)
from shared.auth.roles import Role
from shared.contracts.envelope import ContractModel
from shared.contracts.model import KnownFieldsModel
from shared.contracts.problems import Code, ProblemDetail
from shared.contracts.serial_lists import MAX_PASTED_CHARACTERS, read_serial_list
from shared.http import ProblemError, ReadTransaction
from shared.http.auth import requires
from shared.http.reads import PROBLEMS_OF_COMMANDS, problem
from shared.identifiers import DocumentId, Sku, resource_path
from shared.persistence.database import Transaction
from shared.scans import Scan, ScanKind, classify
from shared.scans.classification import MAX_LENGTH
from shared.scans.gtin import GtinUse
from shared.scans.substitutes import MAX_SUBSTITUTE
from shared.scans.values import find_identifier

router = APIRouter(tags=["scans"])
COLLECTIONS: dict[CandidateKind, str] = {
    "PRODUCT": "products",
    "RECEIPT": "receipts",
    "LOCATION": "locations",
    "CARTON": "cartons",
}
PROBLEMS = PROBLEMS_OF_COMMANDS | {400: problem(Code.VALIDATION_ERROR), 404: problem(Code.PRODUCT_NOT_FOUND)}
del PROBLEMS[422]


class ParseScan(ContractModel):
    """A scanned text as the scanner sent it, and where it was scanned."""

    model_config = ConfigDict(extra="forbid")

    text: Annotated[str, Field(max_length=MAX_LENGTH)]
    """The text as the scanner sent it, with symbology identifier and separators."""
    fnc1: Annotated[str, Field(max_length=MAX_SUBSTITUTE)] | None = None
    """What this scanner sends in place of FNC1; by default what `SCANNER_FNC1` of the service names."""
    expected: list[CandidateKind] = []
    """Kinds that the act expects; they decide where a text may be several things."""
    sku: Sku | None = None
    receipt: DocumentId | None = None


class ElementOut(KnownFieldsModel):
    """An element of GS1 data."""

    ai: str
    """Application identifier."""
    title: str
    """GS1's title of the application identifier."""
    value: str
    """Value as on the label."""


class ScanProblemOut(KnownFieldsModel):
    """What is wrong with a scan, or what was tolerated."""

    code: str
    """Name of the problem."""
    detail: str
    """What is wrong, why, and what to do."""
    is_tolerated: bool
    """Whether the scan counts all the same."""


class PastedSerials(ContractModel):
    """Serial numbers as people type or paste them."""

    model_config = ConfigDict(extra="forbid")

    text: Annotated[str, Field(max_length=MAX_PASTED_CHARACTERS)]
    """Serial numbers and ranges, with line breaks, commas, semicolons or tabs between them."""
    sku: Sku | None = None
    """Product; names the serial numbers that are not of its serial format."""


class ListProblemOut(ScanProblemOut):
    """What is wrong with typed or pasted serial numbers, or a hint."""

    entry: str
    """The part of the text concerned; empty if it is the whole."""


class SerialPreview(KnownFieldsModel):
    """What typed or pasted text stands for."""

    count: int
    """Number of different serial numbers."""
    first: str | None
    last: str | None
    serials: list[str]
    """The serial numbers, for the field `serials` of a command; empty if they are too many for one command."""
    problems: list[ListProblemOut]
    """What is wrong; those with `is_tolerated` are hints."""


class CandidateOut(KnownFieldsModel):
    """Something that a scan may mean."""

    kind: CandidateKind
    """What it is."""
    id: str
    """The barcode, SKU, serial number, lot number, receipt, location, or SSCC of a carton."""
    sku: str | None
    quantity: int | None
    """Number of units that one scan of the barcode represents."""
    status: UnitStatus | ReceiptStatus | None
    """Status of the serial number or receipt; null if it is not known yet."""
    path: str | None
    """Path of the resource in this service."""


class ParsedScan(KnownFieldsModel):
    """What a scanned text is, and what it means."""

    text: str
    """The text as it was sent."""
    kind: ScanKind
    """What the text alone says it is."""
    symbology: str
    """AIM symbology identifier that the scanner sent, such as `]C0`; empty if none."""
    gtin: str | None
    """GTIN in 14 digits, the same for every spelling."""
    gtin_use: GtinUse | None
    """What the GTIN is used for: a trade item, a case, variable measure, or restricted circulation."""
    sscc: str | None
    """SSCC of a carton or pallet."""
    serial: str | None
    """Serial number on the label."""
    lot: str | None
    """Lot number on the label."""
    expiry: date | None
    best_before: date | None
    manufactured_on: date | None
    quantity: int | None
    """Number of items that the label states."""
    content_gtin: str | None
    """GTIN of what a carton or pallet contains."""
    content_count: int | None
    """Number of trade items that a carton or pallet contains."""
    measures: dict[str, Decimal]
    """Measures by GS1's title of them."""
    elements: list[ElementOut]
    """All valid elements of GS1 data, in their order."""
    values: list[str]
    """The values of several in one scan, or the ends of a range."""
    read_as: CandidateOut | None
    """What the scan means; null if nothing known, or several things."""
    carton: AnnouncedCartonDetail | None = None
    """What the carton or pallet contains, and what of it is received; null for other scans."""
    candidates: list[CandidateOut]
    """Everything that the scan may mean in this context."""
    problems: list[ScanProblemOut]
    """What is wrong, and what was tolerated."""


@router.post(
    "/scans/parse", summary="Explain a scan without recording it", responses=PROBLEMS,
    openapi_extra=requires(Role.VIEWER),
)  # fmt: skip
async def parse_scan(tx: ReadTransaction, scanned: ParseScan) -> ParsedScan:
    """Say what a scanned text is and what it means in its context; several meanings are candidates, never a guess."""
    scan = classify(scanned.text, fnc1=scanned.fnc1, year=tx.now.year)
    given = Context(frozenset(scanned.expected), scanned.sku, scanned.receipt)
    context = await _complete(tx, given)
    found = await queries.find_candidates(tx, plan_look_up(scan), given)
    candidates = resolve(scan, found, context)
    parsed = _to_parsed(scan, candidates, ambiguity(scan, candidates))
    if parsed.read_as and parsed.read_as.kind == "CARTON":
        parsed.carton = await find_carton(tx, parsed.read_as.id, candidates[0].receipt)
    return parsed


@router.post(
    "/scans/preview", summary="Count typed or pasted serial numbers", responses=PROBLEMS,
    openapi_extra=requires(Role.VIEWER),
)  # fmt: skip
async def preview_serials(tx: ReadTransaction, pasted: PastedSerials) -> SerialPreview:
    """Say which serial numbers a list or ranges such as `A001-A120` and `SN100 + 20` stand for; nothing is recorded."""
    context = await _complete(tx, Context(sku=pasted.sku))
    found = read_serial_list(pasted.text)
    listed = [*found.problems, *find_other_formats(found, context)]
    problems = [ListProblemOut(**problem._asdict(), is_tolerated=problem.is_tolerated) for problem in listed]
    return SerialPreview(
        count=found.size, first=found.first, last=found.last, serials=list(found.serials), problems=problems
    )


async def _complete(tx: Transaction, given: Context) -> Context:
    if (context := await queries.find_context(tx, given)) is None:
        raise ProblemError(Code.PRODUCT_NOT_FOUND, f"Product {given.sku} not found", ids=[given.sku or ""])
    return context


def _to_parsed(scan: Scan, candidates: list[Candidate], problem: ProblemDetail | None) -> ParsedScan:
    problems = [
        ScanProblemOut(code=found.code, detail=found.detail, is_tolerated=found.is_tolerated) for found in scan.problems
    ]
    if problem:
        problems.append(ScanProblemOut(code=problem.code, detail=problem.detail, is_tolerated=False))
    fields = scan.contents._asdict()
    del fields["others"]
    return ParsedScan(
        **fields, text=scan.text, kind=scan.kind, symbology=scan.symbology, gtin_use=scan.gtin_use,
        elements=[ElementOut(ai=ai, title=_title(ai), value=value) for ai, value in scan.elements],
        values=list(scan.values), problems=problems, candidates=[_to_out(candidate) for candidate in candidates],
        read_as=_to_out(candidates[0]) if len(candidates) == 1 and scan.is_sound else None,
    )  # fmt: skip


def _title(ai: str) -> str:
    identifier = find_identifier(ai)
    return identifier.title if identifier else ""


def _to_out(candidate: Candidate) -> CandidateOut:
    collection = COLLECTIONS.get(candidate.kind)
    name = candidate.sku or candidate.id
    return CandidateOut(
        kind=candidate.kind, id=candidate.id, sku=candidate.sku, quantity=candidate.quantity, status=candidate.status,
        path=resource_path(collection, name) if collection else None,
    )  # fmt: skip
