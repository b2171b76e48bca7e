"""Result page: replaces sections of docs/benchmarks.md by the latest results with their date."""

import os
import platform
import re
import subprocess
from collections.abc import Sequence
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple

from deploy.local.files import PROJECT
from deploy.local.kafka import POM
from deploy.local.postgres import binary_folder

PAGE = PROJECT / "docs" / "benchmarks.md"
LIBRARIES = ("aiokafka", "asyncpg", "faststream", "pydantic", "sqlalchemy", "uvloop")


class Section(NamedTuple):
    """Result of one benchmark."""

    name: str
    title: str
    blocks: list[str]

    @property
    def text(self) -> str:
        """Return the section as Markdown."""
        return "\n\n".join([f"## {self.title}", *self.blocks])


def markdown_table(headings: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    """Return a Markdown table; integers have thousands separators."""
    lines = [headings, ["---"] * len(headings), *rows]
    return "\n".join(
        "| " + " | ".join(f"{cell:,}" if isinstance(cell, int) else str(cell) for cell in line) + " |" for line in lines
    )


def machine_section() -> Section:
    """Describe this machine."""
    cpus = re.search(r"model name\s*:\s*(.+)", Path("/proc/cpuinfo").read_text())
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    postgres = subprocess.run([binary_folder() / "postgres", "--version"], capture_output=True, text=True, check=True)
    kafka = re.search(r"<version>([\d.]+)</version>", POM.read_text().partition("<dependency>")[2])
    rows = [
        ["processor", f"{cpus[1] if cpus else platform.machine()}, {os.cpu_count()} cores"],
        ["memory", f"{memory:.0f} GiB"],
        ["system", f"{platform.system()} {platform.release()}"],
        ["Python", platform.python_version()],
        ["PostgreSQL", postgres.stdout.split()[-1]],
        ["Kafka", kafka[1] if kafka else "?"],
        ["libraries", ", ".join(f"{name} {version(name)}" for name in LIBRARIES)],
    ]
    return Section("machine", "Machine", [markdown_table(["", ""], rows)])


def write_section(section: Section) -> None:
    """Replace a section of the page, or append it."""
    day = f"{datetime.now(UTC):%Y-%m-%d}"
    begin, end = f"<!-- {section.name} -->", f"<!-- /{section.name} -->"
    block = f"{begin}\n{section.text}\n\nMeasured on {day}.\n{end}"
    page = PAGE.read_text()
    pattern = re.compile(f"{re.escape(begin)}.*?{re.escape(end)}", re.DOTALL)
    page = pattern.sub(lambda _: block, page) if pattern.search(page) else f"{page.rstrip()}\n\n{block}\n"
    PAGE.write_text(page)
