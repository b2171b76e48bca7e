"""Problems found by a proof, by kind, and the figures of the fault report."""

from collections import Counter
from dataclasses import dataclass, field


@dataclass
class Findings:
    """Problems by kind, and figures."""

    problems: dict[str, list[str]] = field(default_factory=dict)
    figures: Counter[str] = field(default_factory=Counter)

    def add(self, kind: str, text: str) -> None:
        """Add a problem: lost, duplicated, out of order, …"""
        self.problems.setdefault(kind, []).append(text)

    def count(self, kind: str) -> int:
        """Return the number of problems of a kind."""
        return len(self.problems.get(kind, ()))

    def assert_none(self, known_problems: set[str]) -> None:
        """Fail with examples of each kind, except problems known from earlier tests."""
        for kind, texts in self.problems.items():
            self.problems[kind] = [text for text in texts if text not in known_problems]
        known_problems.update(*self.problems.values())
        self.problems = {kind: texts for kind, texts in self.problems.items() if texts}
        for kind in ("lost", "duplicated"):
            self.figures[kind] = self.count(kind)
        summaries = [f"{len(texts)} {kind}: {'; '.join(texts[:4])}" for kind, texts in self.problems.items()]
        assert not summaries, "\n".join(summaries)
