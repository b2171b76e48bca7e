"""Carton labels scanned where a carton is meant: their SSCC in any of its spellings."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

from shared.scans import classify

CARTON_FIELDS = ("carton", "to_carton")


class KnownCarton(NamedTuple):
    """A carton and its SSCC; of an SSCC that was used again, the last carton comes last."""

    carton: str
    sscc: str | None


def sscc_of(text: str) -> str | None:
    """Return the SSCC on a scanned label; None if the text is no label of a carton."""
    scan = classify(text)
    return scan.contents.sscc if scan.is_sound else None


def named_cartons(command: Any) -> list[str]:
    """Return what a command writes where cartons are meant."""
    fields = [name for field in CARTON_FIELDS if (name := getattr(command, field, None))]
    return [*fields, *getattr(command, "cartons", ())]


def carton_names(ssccs: Mapping[str, str], known: Iterable[KnownCarton]) -> dict[str, str]:
    """Return the carton of each scanned text, by the SSCCs on the labels; an unknown SSCC is the number of a new one.

    A number that is also an SSCC is first of all a number.
    """
    known = list(known)
    numbers = {carton.carton for carton in known}
    labelled = {carton.sscc: carton.carton for carton in known}
    return {
        text: next((name for name in (text, sscc) if name in numbers), labelled.get(sscc, sscc))
        for text, sscc in ssccs.items()
    }


def with_cartons(command: Any, names: Mapping[str, str]) -> Any:
    """Return a command with the cartons of its scanned labels."""
    changes: dict[str, Any] = {
        field: names[text] for field in CARTON_FIELDS if (text := getattr(command, field, "")) in names
    }
    if hasattr(command, "cartons"):
        changes["cartons"] = [names.get(text, text) for text in command.cartons]
    return command.model_copy(update=changes)
