"""Texts are in catalogues, and codes have words."""

import re
from typing import Any, get_args

import pytest

from services.console.design import terms
from services.console.design.words import LANGUAGES, SOURCE_LANGUAGE, catalog, choose_language, count, say, speaking
from services.receiving.receipts.domain.records import ReceiptKind, ReceiptStatus
from services.receiving.receipts.domain.results import ScanStatus
from services.serials.units.domain.transitions import SerialChangeType
from shared.contracts.receiving import DiscrepancyKind, Disposition, Resolution
from shared.contracts.serials import SerialAdjustment, SerialStatus
from tests.unit.console.texts import find_texts

NAMES = re.compile(r"{\w+}")


@pytest.mark.parametrize("language", sorted(LANGUAGES.keys() - {SOURCE_LANGUAGE}))
def test_catalogs_are_complete(language: str) -> None:
    """Each text of the sources is translated, with the same names in braces; no translation is left over."""
    entries = {str(message.id): str(message.string) for message in catalog(language) if message.id}
    texts = find_texts()
    assert sorted(texts - entries.keys()) == []
    assert sorted(entries.keys() - texts) == []
    assert [
        text for text, translated in entries.items() if sorted(NAMES.findall(text)) != sorted(NAMES.findall(translated))
    ] == []


def test_texts_follow_the_language_of_the_request() -> None:
    """Values are put into the translated text; the browser's wish counts unless the device has chosen."""
    with speaking("de"):
        assert say("On hold: {reason}", reason="Bruch") == "Gesperrt: Bruch"
        assert count(2, "{number} carton", "{number} cartons") == "2 Kartons"
    assert choose_language(None, "fr-FR, de-CH;q=0.8") == "de"
    assert choose_language("en", "de") == "en"


@pytest.mark.parametrize(
    ("codes", "words"),
    [
        (SerialStatus, terms.UNIT_STATUSES), (SerialAdjustment, terms.ADJUSTMENTS),
        (ReceiptStatus, terms.RECEIPT_STATUSES),
        (ReceiptKind, terms.RECEIPT_KINDS), (DiscrepancyKind, terms.DISCREPANCIES), (Resolution, terms.RESOLUTIONS),
        (Disposition, terms.DISPOSITIONS), (ScanStatus, terms.SCAN_VERDICTS),
    ],
)  # fmt: skip
def test_codes_have_words(codes: Any, words: dict[str, Any]) -> None:
    """S47: each code that a service may answer with has a word."""
    known = {code for part in get_args(codes) for code in (get_args(part) or (part,)) if isinstance(code, str)}
    nested = {code for part in get_args(codes) for inner in get_args(part) for code in get_args(inner)}
    assert known | nested == words.keys()


def test_changes_have_words() -> None:
    """S34: each change of a unit's history has a word."""
    assert {change.value for change in SerialChangeType} == terms.CHANGES.keys()
