"""Report of a fault test run: one row per fault with its figures."""

from collections import Counter

from tests.faults.findings import Findings

COLUMNS = (
    "fault",
    "units",
    "lot quantity",
    "counts",
    "lost",
    "duplicated",
    "recovery",
    "redelivered",
    "deduplicated",
    "retried",
    "deadlocks",
    "note",
)


class FaultReport:
    """Collects one row per fault."""

    def __init__(self) -> None:
        self.rows: list[tuple[str, ...]] = []

    def add(
        self,
        fault: str,
        findings: Findings,
        metrics: Counter[tuple[str, str]],
        *,
        elapsed: float | None = None,
        note: str = "",
    ) -> None:
        """Add the result of a fault; the metrics are those of the replicas running at its end."""

        def total(name: str, label: str = "") -> str:
            return (
                f"{sum(value for (metric, labels), value in metrics.items() if metric == name and label in labels):.0f}"
            )

        figures = findings.figures
        self.rows.append((
            fault, str(figures["units"]), str(figures["lot quantity"]), str(figures["counts"]),
            str(figures["lost"]), str(figures["duplicated"]),
            "" if elapsed is None else f"{elapsed:.1f} s", str(figures["redelivered"]), total("messages_deduplicated"),
            str(int(total("transaction_conflicts")) + int(total("batches_retried"))),
            total("transaction_conflicts", "40P01"), note,
        ))  # fmt: skip

    def lines(self) -> list[str]:
        """Return the report as a Markdown table."""
        rows = [COLUMNS, tuple("---" for _ in COLUMNS), *self.rows]
        widths = [max(len(row[column]) for row in rows) for column in range(len(COLUMNS))]
        return [
            "| " + " | ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)) + " |" for row in rows
        ]
