"""The dates of a lot: what is in force, and what was before."""

from collections.abc import Sequence
from datetime import date
from typing import NamedTuple

from services.lots.balances.domain import holds
from services.lots.balances.domain.answers import stock_now
from services.lots.balances.domain.book import Book
from services.lots.balances.domain.refusals import Outcome, known, named
from services.lots.balances.domain.stock import Correction, HoldKind, Lot, Told
from shared.contracts.commands.lots import CorrectLot
from shared.contracts.envelope import CloudEvent, Fact, chunks
from shared.contracts.lots import LotCorrected
from shared.contracts.problems import Code


class Dates(NamedTuple):
    """What a label says."""

    expiry: date | None
    manufactured: date | None
    best_before: date | None

    @classmethod
    def of(cls, lot: Lot) -> "Dates":
        """Those in force."""
        return cls(expiry=lot.expiry, manufactured=lot.manufactured, best_before=lot.best_before)


def redate(book: Book, lot: Lot, dates: Dates, told: Told) -> list[Fact]:
    """Put dates in force and keep what they were before; nothing, if they are the same.

    The orders that have some of the lot are told of another expiry: reserved and picked of it must be loaded for that.
    """
    before = Dates.of(lot)
    if dates == before:
        return []
    lot.expiry, lot.manufactured, lot.best_before = dates.expiry, dates.manufactured, dates.best_before
    lot.changed = True
    correction = Correction(
        sku=lot.sku, lot=lot.lot, expiry_before=before.expiry, expiry=dates.expiry,
        manufactured_before=before.manufactured, manufactured=dates.manufactured,
        best_before_before=before.best_before, best_before=dates.best_before, reason=told.reason, actor=told.actor,
        occurred=told.occurred, recorded=book.now, cause_source=told.cause.source, cause_id=told.cause.id,
    )  # fmt: skip
    book.corrections.append(correction)
    having = sorted(book.having(lot.sku, lot.lot)) if lot.expiry != before.expiry else []
    return [
        LotCorrected(
            actor=told.actor, cause=told.cause, sku=lot.sku, lot=lot.lot, before=before.expiry, expiry=lot.expiry,
            manufactured=lot.manufactured, best_before=lot.best_before, reason=told.reason, orders=list(run),
        )
        for run in list(chunks(having)) or [()]
    ]  # fmt: skip


DATED: frozenset[HoldKind] = frozenset({"EXPIRED", "EXPIRY_DIFFERS"})
"""Holds that are about a date, and end when somebody has looked at it again."""


def correct(book: Book, requests: Sequence[CloudEvent[CorrectLot]]) -> list[Outcome]:
    """Put the dates in force that somebody read anew; what they held, or kept from an order, may be free."""
    return [_correct(book, request) for request in requests]


def _correct(book: Book, request: CloudEvent[CorrectLot]) -> Outcome:
    asked, told = request.data, Told.by(request)
    lot = known(book, asked.sku, asked.lot)
    if isinstance(lot, Outcome):
        return lot
    if not asked.lot:
        return Outcome.refused(Code.UNKNOWN_LOT, f"{asked.sku} is not tracked by lot, and has no dates", asked.sku)
    if asked.expiry is None and asked.sku in book.dated:
        detail = f"{named(asked.sku, asked.lot)} is not without an expiry date: hold it until the date is known"
        return Outcome.refused(Code.EXPIRY_MISSING, detail, asked.lot)
    made = asked.manufactured or lot.manufactured
    if made and asked.expiry and asked.expiry < made:
        detail = f"{named(asked.sku, asked.lot)} was made on {made}, and cannot expire on {asked.expiry}"
        return Outcome.refused(Code.DATES_OUT_OF_ORDER, detail, asked.lot)
    over = DATED if asked.expiry != lot.expiry else DATED - {"EXPIRED"}  # the same date again has passed all the same
    said = redate(book, lot, Dates(asked.expiry, made, asked.best_before or lot.best_before), told)
    said += holds.close_all(book, [it for it in book.on(lot.sku, lot.lot) if it.kind in over], told)
    places = [it for it in book.of_lot[lot.sku, lot.lot] if it.on_hand]
    for balance in places:
        book.came_free(balance, told)
    return Outcome(stock_now(book, lot, *places), said)
