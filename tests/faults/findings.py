"""What a proof finds wrong, by kind, and the figures that a fault is reported with."""

from collections import Counter
from dataclasses import dataclass, field


@dataclass
class Findings:
    """Everything wrong that was found, and what was counted on the way."""

    wrong: dict[str, list[str]] = field(default_factory=dict)
    figures: Counter[str] = field(default_factory=Counter)

    def add(self, kind: str, text: str) -> None:
        """Note one thing wrong: it was lost, doubled, out of order, …"""
        self.wrong.setdefault(kind, []).append(text)

    def count(self, kind: str) -> int:
        """Say how many of a kind were found."""
        return len(self.wrong.get(kind, ()))

    def must_be_none(self, known: set[str]) -> None:
        """Fail with the first few of each kind; what an earlier proof found is `known`, and no fault of this test."""
        for kind, texts in self.wrong.items():
            self.wrong[kind] = [text for text in texts if text not in known]
        known.update(*self.wrong.values())
        self.wrong = {kind: texts for kind, texts in self.wrong.items() if texts}
        for kind in ("lost", "doubled"):
            self.figures[kind] = self.count(kind)
        shown = [f"{len(texts)} {kind}: {'; '.join(texts[:4])}" for kind, texts in self.wrong.items()]
        assert not shown, "\n".join(shown)
