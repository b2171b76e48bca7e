"""Opening of recalls (S46)."""

from collections.abc import Mapping
from typing import Literal

from services.lots.recalls.domain.answer import NoticeReading, Recognised, read_answer
from services.lots.recalls.domain.criteria import criteria_of
from services.lots.recalls.domain.limits import resolve
from services.lots.recalls.domain.matches import RecallMatch
from services.lots.recalls.domain.records import Recall, RecalledLot, RecalledProduct
from services.lots.recalls.domain.unit_of_work import RecallsUnitOfWork
from shared.contracts.commands.lots import OpenRecall
from shared.contracts.envelope import MAX_ITEMS_PER_MESSAGE
from shared.contracts.model import KnownFieldsModel
from shared.contracts.problems import Code, ProblemDetail
from shared.contracts.recalls import RecallOpened, RecallPeriod, RecallRange
from shared.contracts.reference import Tracking
from shared.identifiers import resource_path
from shared.unit_of_work import CommandResult


class AffectedProduct(KnownFieldsModel):
    """An affected product with its lots; serials are reported later."""

    sku: str
    lots: list[str]


class RecallSnapshot(KnownFieldsModel):
    """A recall after a command."""

    recall: str
    status: Literal["OPEN", "CLOSED"]
    products: list[AffectedProduct] = []
    """Products with affected lots and those listed by the command; serials are reported later."""
    outstanding: int = 0
    """Number of products whose serials are still searched."""
    reading: NoticeReading | None = None
    """What the notice says; a number that no lot has may still be a serial, see the recall itself."""


def open_recall(uow: RecallsUnitOfWork, command: OpenRecall) -> CommandResult:
    """Record the affected products and lots, and publish one event per product."""
    lookup, recall = uow.lookups[uow.event.cause], command.recall
    existing = uow.recalls.get(recall)
    if existing and recall not in uow.answered_dry_runs:
        detail = f"Recall {recall} already exists"
        if existing.dry_run:
            detail = f"Dry run {recall} is not answered by all services: send the recall again"
        return CommandResult.rejected(violation_of(Code.DOCUMENT_EXISTS, detail, recall))
    if max(len(command.lots), len(command.serials)) > MAX_ITEMS_PER_MESSAGE:
        detail = f"Recall {recall} lists more than {MAX_ITEMS_PER_MESSAGE} lots or serials with its scans: split it"
        return CommandResult.rejected(violation_of(Code.RECALL_TOO_BROAD, detail, recall))
    matches = resolve(lookup)
    if isinstance(matches, ProblemDetail):
        return CommandResult.rejected(matches)
    if existing:
        uow.replace_dry_run(recall)
    query = lookup.query
    actor, command = uow.event.actor, query.command
    recognised = Recognised.from_lookup(query, lookup.recognised, lookup.known_lots)
    is_mock = command.mock or command.dry_run
    uow.recalls.put(
        Recall(
            recall, command.reason, command.text, is_mock, uow.now, actor,
            command.model_copy(update={"actor": actor}).model_dump_json(), command.dry_run, recognised.to_json(),
        )
    )  # fmt: skip
    if not is_mock:  # a mock recall places no holds
        uow.criteria += criteria_of(query)
        uow.spans += [(recall, span) for span in query.notice.notice.spans]
    add_products(uow, query.command, matches, lookup.products)
    listed = query.named_skus
    products = [
        AffectedProduct(sku=sku, lots=list(match.lots))
        for sku, match in sorted(matches.items())
        if sku in listed or (match.lots and lookup.products[sku] != "SERIAL")
    ]
    known = [(lot.sku, lot.lot) for lot in lookup.known_lots if lot.is_within_limits]
    body = RecallSnapshot(
        recall=recall, status="OPEN", products=products,
        outstanding=sum(lookup.products[sku] == "SERIAL" for sku in matches),
        reading=read_answer(query, recognised, known, None),
    )  # fmt: skip
    return CommandResult(body, resource_path=resource_path("recalls", recall))


def add_products(
    uow: RecallsUnitOfWork, command: OpenRecall, matches: Mapping[str, RecallMatch], products: Mapping[str, Tracking]
) -> None:
    """Record affected products, with their lots if lots owns them, and publish one event per product.

    The recall's id is also the id of its hold.
    """
    context = uow.context._replace(actor=command.actor or uow.event.actor)
    for sku, match in sorted(matches.items()):
        uow.recalled_products.append(RecalledProduct(command.recall, sku, products[sku]))
        if products[sku] != "SERIAL":
            uow.recalled_lots += [RecalledLot(command.recall, sku, lot) for lot in match.lots]
        ranges = [RecallRange(first=serial_range.first, last=serial_range.last) for serial_range in match.ranges]
        periods = [RecallPeriod(kind=kind, first_day=days.first, last_day=days.last) for kind, days in match.periods]
        uow.emit(
            RecallOpened, context, recall=command.recall, sku=sku, tracking=products[sku], lots=list(match.lots),
            serials=list(match.serials), ranges=ranges, periods=periods, notice=match.notice,
            mock=command.mock or command.dry_run, hold_id=command.recall, reason=command.reason,
        )  # fmt: skip


def violation_of(code: Code, detail: str, identifier: str, *blocked_by: str) -> ProblemDetail:
    """Build the violation of one document."""
    return ProblemDetail(code=code, detail=detail, ids=[identifier], blocked_by=list(blocked_by))
