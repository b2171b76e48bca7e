"""Criteria of an open recall for lots received later (S46)."""

from collections.abc import Iterator

from services.lots.recalls.domain.query import RecallQuery
from services.lots.recalls.domain.records import RecallCriterion
from shared.notices import squeeze


def criteria_of(query: RecallQuery) -> Iterator[RecallCriterion]:
    """Return the criteria but for the spans of the notice: ranges, periods, and listed lots and ranges."""
    command = query.command
    for found in query.notice.ranges.ranges:
        yield RecallCriterion(command.recall, "RANGE", found.first, found.last, command.skus)
    for kind, period in dict.fromkeys(query.periods):
        first, last = (day.isoformat() if day else "" for day in period)
        yield RecallCriterion(command.recall, kind, first, last, command.skus)
    for named in command.ranges:
        yield RecallCriterion(command.recall, "RANGE", squeeze(named.first), squeeze(named.last), [named.sku])
    for entry in command.lots:
        if entry.lot:
            skus = [entry.sku] if entry.sku else command.skus
            yield RecallCriterion(command.recall, "TERM", squeeze(entry.lot), "", skus)
