"""What the demo shows: each step as it happens, then the table of all of them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from rich.console import Console
from rich.table import Table

from deploy.demo.floor import UnmetError


@dataclass
class Step:
    """One thing that had to come out, and what came out."""

    what: str
    shown: str = ""
    met: bool = False


@dataclass
class Sheet:
    """All steps of a morning."""

    console: Console
    steps: list[Step] = field(default_factory=list)

    @asynccontextmanager
    async def step(self, what: str) -> AsyncIterator[Step]:
        """Announce a step, then say how it came out; an unmet one ends the morning."""
        step = Step(what)
        self.steps.append(step)
        with self.console.status(what):
            try:
                yield step
                step.met = True
            except UnmetError as unmet:
                step.shown = str(unmet)
                raise
            finally:
                mark = "[green]ok[/green]" if step.met else "[red]no[/red]"
                self.console.print(f"  {mark}  {what}" + (f" [dim]· {step.shown}[/dim]" if step.shown else ""))

    @property
    def met(self) -> bool:
        """Whether everything came out as it had to."""
        return bool(self.steps) and all(step.met for step in self.steps)

    def table(self) -> Table:
        """The morning, row by row."""
        table = Table(title="What happened", show_lines=False)
        for head in ("", "step", "came out"):
            table.add_column(head)
        for step in self.steps:
            table.add_row("ok" if step.met else "NO", step.what, step.shown)
        return table


def history_table(title: str, history: list[dict[str, object]]) -> Table:
    """One serial's audit trail, oldest first."""
    table = Table(title=title)
    columns = ("recorded_at", "change", "from_status", "status", "location", "reason", "document", "actor")
    for head in columns:
        table.add_column(head.replace("_", " "))
    for row in history:
        row["recorded_at"] = str(row["recorded_at"])[11:22]
        table.add_row(*(str(row.get(column) or "") for column in columns))
    return table
