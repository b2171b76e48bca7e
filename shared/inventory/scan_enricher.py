"""Reading of the raw scans in commands by the product replica of a service, before locks are acquired."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from sqlalchemy import Row, TextClause, text

from shared.contracts.envelope import CloudEvent, Message
from shared.contracts.problems import ProblemDetail
from shared.contracts.raw_scans import RawScans, ReadScan
from shared.contracts.serial_formats import SerialFormat
from shared.identifiers import fold_lot
from shared.inventory.scan_fills import Fill, ScanUse, fill_command, keep_scans
from shared.inventory.scan_meanings import Catalogue, KnownName, KnownProduct, classify_all, codes_of, texts_of
from shared.inventory.scan_problems import group_problems
from shared.messaging.handlers import CommandHandle, Enricher
from shared.persistence.database import Transaction
from shared.unit_of_work import CommandResult, UnitOfWork

BARCODES_OF_REPLICA = """
    SELECT b.code, p.sku, coalesce(b.quantity, 1) AS quantity
    FROM product p CROSS JOIN jsonb_to_recordset(p.barcodes) AS b (code text, quantity integer)
    WHERE jsonb_path_query_array(p.barcodes, '$[*].code') ?| CAST(:codes AS text[])
      AND b.code = ANY(CAST(:codes AS text[]))
"""
"""Barcodes of a replica that holds them as JSON; needs the index of `barcode_index`."""


def build_scan_statement(
    identifiers: str, barcodes: str = BARCODES_OF_REPLICA, serial_format: str = "NULL"
) -> TextClause:
    """Build the statement that looks up all scans of a batch.

    `identifiers` selects kind (SERIAL, LOT), id, sku and document of the serial numbers `:texts` and the lots with
    `:lot_keys`. `serial_format` is its column of the table `product AS p`, if the service keeps it.
    """
    return text(f"""
        WITH named AS (
            SELECT 'BARCODE' AS kind, code AS id, sku, quantity, NULL AS document FROM ({barcodes}) AS known_barcode
            UNION ALL
            SELECT kind, id, sku, NULL, document FROM ({identifiers}) AS identifier
            UNION ALL
            SELECT 'SKU', sku, sku, NULL, NULL FROM product WHERE sku = ANY(CAST(:skus AS text[]))
        )
        SELECT n.kind, n.id, n.sku, n.quantity, n.document, p.tracking, {serial_format}::text AS serial_format
        FROM named AS n JOIN product AS p ON p.sku = n.sku
    """)  # noqa: S608 - constant parts


def build_scan_enricher(statement: TextClause, uses: Mapping[type[Message], ScanUse]) -> Enricher:
    """Build the enricher of all commands of a service that take scans; without scans it executes no statement."""

    async def read_scans(tx: Transaction, events: Sequence[CloudEvent[Any]]) -> Sequence[CloudEvent[Any]]:
        scanned = [event for event in events if event.data.scans]
        if not scanned:
            return events
        scans = classify_all((scan for event in scanned for scan in event.data.scans), tx.now.year)
        texts = sorted(texts_of(scans.values()))
        skus = {sku for event in scanned if (sku := getattr(event.data, "sku", None))}
        parameters = {
            "codes": sorted(codes_of(scans.values())), "texts": texts, "skus": sorted(skus | set(texts)),
            "lot_keys": sorted({fold_lot(value) for value in texts}),
        }  # fmt: skip
        catalogue = to_catalogue(await tx.fetch_all(statement, parameters))
        return [
            event.model_copy(update={"data": fill_command(event.data, uses[type(event.data)], catalogue, tx.now.year)})
            if event.data.scans
            else event
            for event in events
        ]

    return read_scans


def to_catalogue(rows: Sequence[Row[Any]]) -> Catalogue:
    """Return what the rows of the look-up say."""
    formats = {row.serial_format for row in rows if row.serial_format}
    parsed = {value: SerialFormat.model_validate_json(value) for value in formats}
    products = {row.sku: KnownProduct(row.sku, row.tracking, parsed.get(row.serial_format)) for row in rows}
    names = (KnownName(row.kind, row.id, row.sku, row.quantity, row.document) for row in rows)
    return Catalogue(products.values(), names)


Judge = Callable[[Any, Any, ReadScan], ProblemDetail | None]
"""`judge(uow, command, read)`: what a sound scan contradicts, or None."""


def taking_scans(
    handle: CommandHandle, judge: Judge | None = None, fill: Fill = keep_scans, *, is_whole: bool = False
) -> CommandHandle:
    """Let a handler reject each scan that means nothing or that a judge finds wrong; `fill` fills in the others.

    A command without any other scan is rejected as a whole; with `is_whole`, one with any such scan.
    """

    def handle_scans(uow: Any, command: RawScans) -> CommandResult:
        if not command.scans:
            return handle(uow, command)
        if judge is not None:
            command = _judge_scans(uow, command, judge, fill)
        problems = group_problems(command.read_scans)
        if problems and (is_whole or not command.sound_scans):
            return CommandResult.rejected(*problems)
        result = handle(uow, command)
        return replace(result, violations=[*result.violations, *problems]) if problems else result

    return handle_scans


def _judge_scans(uow: UnitOfWork, command: RawScans, judge: Judge, fill: Fill) -> RawScans:
    """Return a command without the scans that a judge finds wrong; it also becomes the one being handled."""
    reads = [read if read.problem else read._replace(problem=judge(uow, command, read)) for read in command.read_scans]
    judged = command.fill(fill(command, [read for read in reads if read.problem is None]))
    judged.set_read_scans(reads)
    uow.event = uow.event.model_copy(update={"data": judged})
    return judged
