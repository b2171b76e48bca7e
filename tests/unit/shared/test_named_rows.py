"""No value of a row or a record is found by its place: a moved column would swap values of the same type in silence."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from shared.database import Transaction

ROOT = Path(__file__).resolve().parents[3]
SOURCES = sorted(path for name in ("services", "shared", "deploy") for path in (ROOT / name).rglob("*.py"))
NO_RECORDS = {"AIOKafkaConsumer"}
"""Classes that take any number of the same thing."""
READS = {Transaction.rows.__name__, Transaction.stream.__name__}
"""Methods of a transaction that return rows."""


def read(node: ast.AST) -> bool:
    """Whether an expression is what a statement returned."""
    node = node.value if isinstance(node, ast.Await) else node
    return isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in READS


def results_of(tree: ast.AST) -> set[str]:
    """Names that the rows of a statement have, as far as the file shows."""
    found = {"rows"}
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and any(read(part) for part in ast.walk(node.value)):
            found |= {target.id for target in node.targets if isinstance(target, ast.Name)}
    return found


def rows_of(tree: ast.AST, results: set[str]) -> set[str]:
    """Names that a single row has: by annotation, or in a loop over the rows."""
    found = {"row"}
    for node in ast.walk(tree):
        if isinstance(node, ast.arg) and node.annotation and ast.unparse(node.annotation).startswith("Row["):
            found.add(node.arg)
        if isinstance(node, ast.For | ast.comprehension) and isinstance(node.target, ast.Name):
            of_results = isinstance(node.iter, ast.Name) and node.iter.id in results
            found |= {node.target.id} if of_results or read(node.iter) else set()
    return found


def by_place(index: ast.expr) -> bool:
    """Whether a subscript is a number or a slice; JSON is read by names."""
    number = index.operand if isinstance(index, ast.UnaryOp) else index
    return isinstance(index, ast.Slice) or (isinstance(number, ast.Constant) and isinstance(number.value, int))


def kind_of(node: ast.AST, rows: set[str]) -> str | None:
    """How a node reads or builds by position, if it does."""
    what = None
    match node:
        case ast.Call(func=func, args=args) if any(isinstance(part, ast.Starred) for part in args):
            name = ast.unparse(func).rpartition(".")[2].partition("[")[0]
            what = "a record from a starred row" if name[:1].isupper() and name not in NO_RECORDS else None
        case ast.Starred(value=ast.Name(id=name)) if name in rows:
            what = "a starred row"
        case ast.Subscript(value=ast.Name(id=name), slice=index) if name in rows and by_place(index):
            what = "a row by index or slice"
        case ast.Subscript(slice=ast.Subscript(slice=ast.Slice())):
            what = "a sliced record as a key"
        case ast.For(target=ast.Tuple(), iter=found) | ast.comprehension(target=ast.Tuple(), iter=found) if read(found):
            what = "unpacked rows"
        case ast.Assign(targets=[ast.Tuple()], value=ast.Name(id=name)) if name in rows:
            what = "an unpacked row"
        case ast.Assign(targets=[ast.Tuple(elts=[ast.Tuple()])], value=found) if read(found):
            what = "an unpacked row"
    return what


def positional(source: str) -> Iterator[tuple[int, str]]:
    """Line and kind of each place that reads or builds by position."""
    tree = ast.parse(source)
    rows = rows_of(tree, results_of(tree))
    for node in ast.walk(tree):
        if what := kind_of(node, rows):
            yield getattr(node, "lineno", 0) or node.target.lineno, what  # type: ignore[attr-defined]


@pytest.mark.parametrize(
    ("source", "what"),
    [
        ("unit = Unit(*row)", "a record from a starred row"),
        ("found = [store.Unit(*it[:3]) for it in found]", "a record from a starred row"),
        ("values = (*row, 1)", "a starred row"),
        ("for it in await tx.rows(LOAD):\n    use(it[0])", "a row by index or slice"),
        ("def shown(one: Row[Any]) -> str:\n    return one[1:]", "a row by index or slice"),
        ("book.lots[lot[:4]] = lot", "a sliced record as a key"),
        ("found = {sku: lot for sku, lot in await tx.rows(LOAD)}", "unpacked rows"),
        ("((first, second),) = await tx.rows(LOAD)", "an unpacked row"),
        ("def shown(one: Row[Any]) -> str:\n    first, second = one", "an unpacked row"),
    ],
)
def test_each_kind_is_found(source: str, what: str) -> None:
    """The test below would see one."""
    assert what in {kind for _, kind in positional(source)}


def test_rows_are_read_by_name() -> None:
    """In every module of the services, of what they share, and of the deployment."""
    found = [
        f"{path.relative_to(ROOT)}:{line}: {what}" for path in SOURCES for line, what in positional(path.read_text())
    ]
    assert not found, "\n".join(found)
