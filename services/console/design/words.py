"""Texts of the console in the language of the request: English in the source, other languages in catalogues."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import cache
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po

CATALOGS = Path(__file__).parents[1] / "locales"
SOURCE_LANGUAGE = "en"
LANGUAGES = {"en": "English", "de": "Deutsch"}
PSEUDO_LANGUAGE = "qps"
"""Language of tests: every text in brackets and longer, so that what lacks in the catalogues stands out."""

_language: ContextVar[str] = ContextVar("language", default=SOURCE_LANGUAGE)


@cache
def catalog(language: str) -> Catalog:
    """Read the catalogue of a language."""
    with (CATALOGS / f"{language}.po").open("rb") as file:
        return read_po(file, locale=language)


def language() -> str:
    """Return the language of the request."""
    return _language.get()


@contextmanager
def speaking(chosen: str) -> Iterator[None]:
    """Use a language within the context."""
    token = _language.set(chosen)
    try:
        yield
    finally:
        _language.reset(token)


def choose_language(chosen: str | None, accepted: str = "") -> str:
    """Return the chosen language, else the first known one that the browser accepts."""
    wished = [chosen or "", *(part.partition(";")[0].strip()[:2].lower() for part in accepted.split(","))]
    return next((name for name in wished if name in LANGUAGES or name == PSEUDO_LANGUAGE), SOURCE_LANGUAGE)


def say(text: str, /, **values: object) -> str:
    """Return a text in the language of the request, with values for the names in braces."""
    chosen = translate(text)
    return chosen.format(**values) if values else chosen


def count(number: int, one: str, many: str, /, **values: object) -> str:
    """Return the singular or plural of a text with `{number}`."""
    return translate(one if number == 1 else many).format(number=number, **values)


def translate(text: str) -> str:
    """Return a text in the language of the request; the text itself if its catalogue lacks it."""
    chosen = _language.get()
    if chosen == SOURCE_LANGUAGE or not text:
        return text
    if chosen == PSEUDO_LANGUAGE:
        return f"[{text}{'~' * (len(text) * 2 // 5)}]"
    found = catalog(chosen).get(text)
    return str(found.string) if found and found.string else text
