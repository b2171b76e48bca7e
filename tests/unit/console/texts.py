"""The texts that the sources of the console show: arguments of `say` and `count`, and the words of codes."""

import ast
from collections.abc import Iterator
from pathlib import Path

from deploy.local.files import PROJECT
from services.console.design import terms

CONSOLE = PROJECT / "services" / "console"
WORDS = {"say": 1, "count": 3, "Verdict": 3, "Refusal": 4, "Term": 2, "partial_verdicts": 3}
"""Functions and classes whose constant arguments are texts, and how many of the first arguments may be."""
NOT_TEXTS = frozenset({"good", "warn", "bad", ""} | set("?✕●○◐◧▣➤↩↪!"))
TABLES = frozenset({"KINDS", "TAB_WORDS", "REASONS", "FIELDS", "LABELS", "THEMES", "MENU", "DOCK"})


def find_texts() -> set[str]:
    """Return all texts."""
    found = set(_words_of_codes())
    for path in CONSOLE.rglob("*.py"):
        found |= set(_texts_of(path))
    return found - NOT_TEXTS


def _texts_of(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Call) and (number := WORDS.get(getattr(node.func, "id", ""))):
            yield from _constants(node.args[:number])
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") in TABLES:
            constants = _constants([child for child in ast.walk(node.value) if isinstance(child, ast.expr)])
            yield from (text for text in constants if text[:1].isupper() and text.upper() != text)


def _constants(nodes: list[ast.expr]) -> Iterator[str]:
    for node in nodes:
        for child in (node.body, node.orelse) if isinstance(node, ast.IfExp) else (node,):
            if isinstance(child, ast.Constant) and isinstance(child.value, str):
                yield child.value


def _words_of_codes() -> Iterator[str]:
    for name, table in vars(terms).items():
        if name.isupper() and isinstance(table, dict):
            yield from (term.word if isinstance(term, terms.Term) else term for term in table.values())
