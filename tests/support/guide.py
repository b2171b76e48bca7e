"""Parser of docs/integration.md: its examples with their expected output, and its tables."""

import re
from typing import NamedTuple

from deploy.local.files import PROJECT

GUIDE = PROJECT / "docs" / "integration.md"
FENCED_BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
TABLE = re.compile(r"(?:^ *\|.*\|\n)+", re.MULTILINE)
PLACEHOLDER = "…"


class Example(NamedTuple):
    """A shell example; `output` is None if the page promises no output."""

    code: str
    output: str | None

    def accepts(self, output: str) -> bool:
        """Return whether an output is as promised; a placeholder stands for any text within a line."""
        pattern = ".+?".join(map(re.escape, (self.output or "").strip().split(PLACEHOLDER)))
        return re.fullmatch(pattern, output.strip()) is not None


def read_examples() -> list[Example]:
    """Return the shell examples in order; the block of output after an example belongs to it."""
    blocks = FENCED_BLOCK.findall(GUIDE.read_text())
    examples: list[Example] = []
    for language, content in blocks:
        if language == "bash":
            examples.append(Example(content, None))
        elif language in {"output", "json"}:
            examples[-1] = Example(examples[-1].code, content)
    return examples


def read_table(*headings: str) -> list[list[str]]:
    """Return the rows of the table with these headings."""
    for table in TABLE.findall(GUIDE.read_text()):
        head, _, *rows = (
            [cell.strip() for cell in line.strip(" ").strip("|").split(" | ")] for line in table.splitlines()
        )
        if head == list(headings):
            return rows
    raise LookupError(f"{GUIDE} has no table with the headings {headings}")
