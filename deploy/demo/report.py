"""Progress and result tables of the demo."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from rich.console import Console
from rich.table import Table

from deploy.demo.client import ExpectationFailedError


@dataclass
class Step:
    """A step of the scenario and its result."""

    description: str
    result: str = ""
    succeeded: bool = False


@dataclass
class StepReport:
    """All steps of a run."""

    console: Console
    steps: list[Step] = field(default_factory=list)

    @asynccontextmanager
    async def step(self, description: str) -> AsyncIterator[Step]:
        """Show a step in progress, then its result; a failure ends the run."""
        step = Step(description)
        self.steps.append(step)
        with self.console.status(description):
            try:
                yield step
                step.succeeded = True
            except ExpectationFailedError as error:
                step.result = str(error)
                raise
            finally:
                mark = "[green]ok[/green]" if step.succeeded else "[red]failed[/red]"
                self.console.print(f"  {mark}  {description}" + (f" [dim]· {step.result}[/dim]" if step.result else ""))

    @property
    def all_succeeded(self) -> bool:
        """Whether every step succeeded."""
        return bool(self.steps) and all(step.succeeded for step in self.steps)

    def table(self) -> Table:
        """Return the result table, one row per step."""
        table = Table(title="Results", show_lines=False)
        for heading in ("", "Step", "Result"):
            table.add_column(heading)
        for step in self.steps:
            table.add_row("ok" if step.succeeded else "FAILED", step.description, step.result)
        return table


def history_table(title: str, history: list[dict[str, object]]) -> Table:
    """Return the audit trail of a serial, oldest entry first."""
    table = Table(title=title)
    columns = ("recorded_at", "change", "from_status", "status", "location", "reason", "document", "actor")
    for heading in columns:
        table.add_column(heading.replace("_", " ").capitalize())
    for row in history:
        row["recorded_at"] = str(row["recorded_at"])[11:22]
        table.add_row(*(str(row.get(column) or "") for column in columns))
    return table
