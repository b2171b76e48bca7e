"""Documentation: links, paths, environment variables, metrics and the transition table agree with the code."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from prometheus_client.metrics import MetricWrapperBase

from deploy.databases import SERVICES
from deploy.local.files import PROJECT
from services.console.settings import ConsoleSettings
from services.serials.units.domain.transitions import TRANSITIONS
from shared.auth.settings import AuthSettings, SignerSettings
from shared.ops import telemetry
from shared.settings import CountSettings, Settings

PAGES = [
    PROJECT / "README.md",
    PROJECT / "DECISIONS.md",
    PROJECT / "CHANGELOG.md",
    *sorted((PROJECT / "docs").glob("*.md")),
]
GUIDES = [page for page in PAGES if page.name not in {"DECISIONS.md", "CHANGELOG.md", "message-catalog.md"}]
"""Pages that name files of today; decisions and the changelog also name earlier ones."""

ROOTS = ("services", "shared", "deploy", "docs", "tests")
PATH_PATTERN = re.compile(
    rf"(?:{'|'.join(ROOTS)})/[\w./*-]*|(?:Makefile|pyproject\.toml|requirements\.lock|\.ci/[\w-]+)"
)
LINK_PATTERN = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)")
OPERATIONS = PROJECT / "docs" / "operations.md"


def _prose(page: Path) -> str:
    """Return a page without its fenced blocks."""
    return re.sub(r"^```.*?^```", "", page.read_text(), flags=re.MULTILINE | re.DOTALL)


def _anchors(page: Path) -> set[str]:
    """Return the anchors of a page: of its headings, as GitHub builds them, and explicit ones."""
    headings = re.findall(r"^#+ (.*)$", page.read_text(), flags=re.MULTILINE)
    slugs = {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}
    return slugs | set(re.findall(r'<a id="([^"]+)">', page.read_text()))


def _broken_links(page: Path) -> Iterator[str]:
    for link in LINK_PATTERN.findall(_prose(page)):
        file_name, _, anchor = link.partition("#")
        target = (page.parent / file_name).resolve() if file_name else page
        if "://" in link:
            continue
        if not target.exists() or (anchor and anchor not in _anchors(target)):
            yield link


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_to_existing_files_and_headings(page: Path) -> None:
    """Each relative link of a page names an existing file, and an existing heading if it has an anchor."""
    assert list(_broken_links(page)) == []


@pytest.mark.parametrize("page", GUIDES, ids=lambda page: page.name)
def test_paths_in_backticks_exist(page: Path) -> None:
    """Each path of the repository in backticks exists; `SERVICE` and `*` stand for several."""
    paths = [text for text in re.findall(r"`([^`\n]+)`", _prose(page)) if PATH_PATTERN.fullmatch(text)]
    missing = [
        path
        for path in paths
        if not all(any(PROJECT.glob(path.replace("SERVICE", service).rstrip("/"))) for service in SERVICES)
    ]
    assert missing == []


SETTINGS = (Settings, CountSettings, AuthSettings, SignerSettings, ConsoleSettings)


def _environment_variables() -> set[str]:
    """Return the variables of the settings, and those that the code reads by name."""
    names = set()
    for name, field in (item for settings in SETTINGS for item in settings.model_fields.items()):
        alias = field.validation_alias
        names.add(alias if isinstance(alias, str) else f"SERVICE_{name.upper()}")
    for folder in ("services", "shared", "deploy"):
        for file in (PROJECT / folder).rglob("*.py"):
            names |= {name for node in ast.walk(ast.parse(file.read_text())) for name in _names_read_by(node)}
    return names


def _names_read_by(node: ast.AST) -> Iterator[str]:
    """Return the name in `os.environ.get("NAME")`, `os.environ["NAME"]`, `os.getenv("NAME")` or `envvar="NAME"`."""
    argument: ast.AST | None = None
    if isinstance(node, ast.Call) and node.args and ast.unparse(node.func) in {"os.environ.get", "os.getenv"}:
        argument = node.args[0]
    elif isinstance(node, ast.Subscript) and ast.unparse(node.value) == "os.environ":
        argument = node.slice
    elif isinstance(node, ast.keyword) and node.arg == "envvar":
        argument = node.value
    if isinstance(argument, ast.Constant) and isinstance(argument.value, str):
        yield argument.value


def test_environment_variables_are_documented() -> None:
    """Each environment variable that the code reads has a row in docs/operations.md, and no other has one."""
    section = OPERATIONS.read_text().split("## Environment variables")[1].split("\n## ")[0]
    assert set(re.findall(r"^\| `(\w+)`", section, flags=re.MULTILINE)) == _environment_variables()


def test_metrics_are_documented() -> None:
    """Each metric has a row in docs/operations.md, and no other has one."""
    metrics = {metric._name for metric in vars(telemetry).values() if isinstance(metric, MetricWrapperBase)}  # noqa: SLF001
    section = OPERATIONS.read_text().split("## Metrics")[1].split("\n## ")[0]
    assert set(re.findall(r"^\| `(\w+)`", section, flags=re.MULTILINE)) == metrics


def test_transition_table_equals_the_code() -> None:
    """The transitions of a unit in docs/architecture.md are those of the state machine, in its order (S04)."""
    page = (PROJECT / "docs" / "architecture.md").read_text()
    table = page.split("<!-- unit transitions -->")[1].split("<!-- /unit transitions -->")[0]
    documented = [tuple(row) for row in re.findall(r"^\| (\w+) \| (\w+) \| (\w+) \|$", table, flags=re.MULTILINE)][1:]
    assert documented == [(before or "none", change.value, after) for (before, change), after in TRANSITIONS.items()]


def test_index_of_decisions_is_complete() -> None:
    """The index lists each decision once, in order, with its title."""
    page = (PROJECT / "DECISIONS.md").read_text()
    index = re.findall(r"^\| \[(\d+)\]\(#adr-(\d+)\) \| [^|]+ \| (.+) \|$", page, flags=re.MULTILINE)
    titles = re.findall(r'^## <a id="adr-(\d+)"></a>ADR-(\d+): (.+)$', page, flags=re.MULTILINE)
    assert index == titles
    assert [number for number, _, _ in titles] == sorted({number for number, _, _ in titles})
