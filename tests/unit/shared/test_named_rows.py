"""Rows and records are read by name only, since a reordered column would silently swap values."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from shared.persistence.database import Transaction

ROOT = Path(__file__).resolve().parents[3]
SOURCES = sorted(path for name in ("services", "shared", "deploy") for path in (ROOT / name).rglob("*.py"))
VARIADIC_CLASSES = {"AIOKafkaConsumer"}
"""Classes with variadic arguments."""
FETCH_METHODS = {Transaction.fetch_all.__name__, Transaction.stream.__name__}
"""Transaction methods that return rows."""


def is_fetch(node: ast.AST) -> bool:
    """Return whether an expression is the result of a statement."""
    node = node.value if isinstance(node, ast.Await) else node
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in FETCH_METHODS


def result_names(tree: ast.AST) -> set[str]:
    """Collect the names assigned to results of statements."""
    names = {"rows"}
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and any(is_fetch(part) for part in ast.walk(node.value)):
            names |= {target.id for target in node.targets if isinstance(target, ast.Name)}
    return names


def row_names(tree: ast.AST, results: set[str]) -> set[str]:
    """Collect the names of single rows, by annotation or in loops over results."""
    names = {"row"}
    for node in ast.walk(tree):
        if isinstance(node, ast.arg) and node.annotation and ast.unparse(node.annotation).startswith("Row["):
            names.add(node.arg)
        if isinstance(node, ast.For | ast.comprehension) and isinstance(node.target, ast.Name):
            is_result = isinstance(node.iter, ast.Name) and node.iter.id in results
            names |= {node.target.id} if is_result or is_fetch(node.iter) else set()
    return names


def is_positional(index: ast.expr) -> bool:
    """Return whether a subscript is a number or a slice."""
    number = index.operand if isinstance(index, ast.UnaryOp) else index
    return isinstance(index, ast.Slice) or (isinstance(number, ast.Constant) and isinstance(number.value, int))


def positional_access(node: ast.AST, rows: set[str]) -> str | None:
    """Describe a positional access by a node, if any."""
    description = None
    match node:
        case ast.Call(func=func, args=args) if any(isinstance(part, ast.Starred) for part in args):
            name = ast.unparse(func).rpartition(".")[2].partition("[")[0]
            description = "a record from a starred row" if name[:1].isupper() and name not in VARIADIC_CLASSES else None
        case ast.Starred(value=ast.Name(id=name)) if name in rows:
            description = "a starred row"
        case ast.Subscript(value=ast.Name(id=name), slice=index) if name in rows and is_positional(index):
            description = "a row by index or slice"
        case ast.Subscript(slice=ast.Subscript(slice=ast.Slice())):
            description = "a sliced record as a key"
        case (
            ast.For(target=ast.Tuple(), iter=rows_expression)
            | ast.comprehension(target=ast.Tuple(), iter=rows_expression)
        ) if is_fetch(rows_expression):
            description = "unpacked rows"
        case ast.Assign(targets=[ast.Tuple()], value=ast.Name(id=name)) if name in rows:
            description = "an unpacked row"
        case ast.Assign(targets=[ast.Tuple(elts=[ast.Tuple()])], value=rows_expression) if is_fetch(rows_expression):
            description = "an unpacked row"
    return description


def positional_accesses(source: str) -> Iterator[tuple[int, str]]:
    """Iterate over the line and description of each positional access."""
    tree = ast.parse(source)
    rows = row_names(tree, result_names(tree))
    for node in ast.walk(tree):
        if description := positional_access(node, rows):
            yield getattr(node, "lineno", 0) or node.target.lineno, description  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("source", "description"),
    [
        ("unit = Unit(*row)", "a record from a starred row"),
        ("units = [store.Unit(*unit[:3]) for unit in units]", "a record from a starred row"),
        ("values = (*row, 1)", "a starred row"),
        ("for unit in await tx.fetch_all(SELECT):\n    use(unit[0])", "a row by index or slice"),
        ("def show(unit: Row[Any]) -> str:\n    return unit[1:]", "a row by index or slice"),
        ("uow.lots[lot[:4]] = lot", "a sliced record as a key"),
        ("lots = {sku: lot for sku, lot in await tx.fetch_all(SELECT)}", "unpacked rows"),
        ("((first, second),) = await tx.fetch_all(SELECT)", "an unpacked row"),
        ("def show(unit: Row[Any]) -> str:\n    first, second = unit", "an unpacked row"),
    ],
)
def test_positional_access_is_detected(source: str, description: str) -> None:
    """Each kind of positional access is detected."""
    assert description in {found for _, found in positional_accesses(source)}


def test_rows_are_read_by_name() -> None:
    """No module of services, shared or deploy reads rows by position."""
    accesses = [
        f"{path.relative_to(ROOT)}:{line}: {description}"
        for path in SOURCES
        for line, description in positional_accesses(path.read_text())
    ]
    assert not accesses, "\n".join(accesses)
