"""Answers to the scans of stations: rows for the browser, or a status that makes it send again."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any

from starlette.responses import Response

from services.console.clients.http import RefusedError, to_refusal
from services.console.design.problems import Refusal
from services.console.design.station import Outcome, Verdict, outcome_rows, refusal_verdict
from services.console.page import Visit
from shared.scans import classify

ON_ITS_WAY = 425


async def answer(visit: Visit, pending: Awaitable[Outcome]) -> Response:
    """Return the rows of an outcome; what the scan names may still be on its way, then the browser sends it again."""
    try:
        outcome = await pending
    except RefusedError as error:
        return Response(error.refusal.detail, ON_ITS_WAY)
    return visit.part(*outcome_rows(outcome))


def partial_verdicts(
    texts: Sequence[str], rejected: Sequence[Mapping[str, Any]], word: str, undo: Mapping[str, Any] | None = None
) -> list[Verdict]:
    """Return the verdicts on scans of which a service rejected some, each with the reason."""
    refusals = {str(name): each for each in rejected for name in each.get("ids", ())}
    verdicts = []
    for text in texts:
        value = read_value(text)
        problem = refusals.get(text) or refusals.get(value)
        verdicts.append(
            refusal_verdict(value, to_refusal(problem)) if problem else Verdict(value, "good", word, undo=undo)
        )
    return verdicts


def read_value(text: str) -> str:
    """Return the serial or lot number of a label as rows show it, or the text without what scanners add."""
    scan = classify(text)
    return (scan.contents.serial or scan.contents.lot or scan.value)[:64]


async def is_label_of_another(visit: Visit, text: str, sku: str, expiry: date | None = None) -> bool:
    """Return whether a label names another product, or another expiry date than the books (S16, S28).

    Such a label is sent raw, and the service says what is wrong with it.
    """
    scan = classify(text)
    if scan.contents.expiry and expiry and scan.contents.expiry != expiry:
        return True
    if scan.gtin is None:
        return False
    parsed = await visit.receiving.parse(text, sku=sku)
    return all(candidate.sku != sku for candidate in parsed.candidates)


async def judge(
    texts: list[str], sending: Awaitable[Outcome], word: Callable[[Refusal], Verdict | None] = lambda _: None
) -> Outcome:
    """Await an outcome; a refusal of the whole command is the verdict on each of its scans."""
    try:
        outcome = await sending
    except RefusedError as error:
        if error.is_on_its_way:
            raise
        verdicts = [(word(error.refusal) or refusal_verdict(text, error.refusal))._replace(text=text) for text in texts]
        return Outcome(verdicts, as_of=datetime.now(UTC))
    return outcome._replace(as_of=datetime.now(UTC))
