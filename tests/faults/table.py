"""The table of faults that a run ends with: what was done, and the figures of what came of it."""

from collections import Counter

from tests.faults.findings import Findings

COLUMNS = (
    "fault",
    "units",
    "of lots",
    "lost",
    "doubled",
    "took over after",
    "said twice",
    "dropped",
    "retried",
    "deadlocks",
    "note",
)


class Table:
    """Rows, one a fault."""

    def __init__(self) -> None:
        self.rows: list[tuple[str, ...]] = []

    def add(
        self,
        fault: str,
        found: Findings,
        metrics: Counter[tuple[str, str]],
        *,
        took: float | None = None,
        note: str = "",
    ) -> None:
        """Add what a fault came to; the metrics are of the replicas alive at its end."""

        def total(name: str, label: str = "") -> str:
            return (
                f"{sum(value for (metric, labels), value in metrics.items() if metric == name and label in labels):.0f}"
            )

        figures = found.figures
        self.rows.append((
            fault, str(figures["units"]), str(figures["quantity of lots"]),
            str(figures["lost"]), str(figures["doubled"]),
            "" if took is None else f"{took:.1f} s", str(figures["said twice"]), total("duplicates"),
            str(int(total("lost_races")) + int(total("taken_back"))), total("lost_races", "40P01"), note,
        ))  # fmt: skip

    def lines(self) -> list[str]:
        """Write it as Markdown."""
        rows = [COLUMNS, tuple("---" for _ in COLUMNS), *self.rows]
        widths = [max(len(row[column]) for row in rows) for column in range(len(COLUMNS))]
        return [
            "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |" for row in rows
        ]
