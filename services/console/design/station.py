"""The scan station of a page: place, tasks, box, verdict, rows; and the rows that answer a scan."""

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any, NamedTuple

from htpy import (
    Element,
    Node,
    button,
    datalist,
    dialog,
    div,
    fieldset,
    form,
    h2,
    label,
    li,
    ol,
    option,
    p,
    section,
    select,
    small,
    span,
    textarea,
    ul,
)
from htpy import input as input_

from services.console.design.formats import quantity
from services.console.design.icons import icon
from services.console.design.parts import bar, notice
from services.console.design.problems import Refusal
from services.console.design.terms import ROLES
from services.console.design.words import say, translate

MARKS = {"good": "✓", "warn": "!", "bad": "✕"}
LABELS = {"SERIAL": "Scan or type a serial number", "LOT": "Scan or type a lot number", "NONE": "Type the quantity"}


class Progress(NamedTuple):
    """How much of a task is done, under its id in the page."""

    id: str
    done: Decimal
    total: Decimal


class Task(NamedTuple):
    """Something to scan for: a line of a receipt, an item to pick."""

    sku: str
    title: str
    below: str
    progress: Progress
    tracking: str = "SERIAL"
    barcodes: Sequence[str] = ()
    is_chosen: bool = False
    body: Mapping[str, Any] = {}
    """What a scan for this task sends besides what the station sends."""


class Place(NamedTuple):
    """The place or carton of all scans of a station, chosen from a list, scanned or typed."""

    name: str
    label: str
    choices: Sequence[str]
    value: str = ""
    is_open: bool = False
    """Whether other values than the choices are possible."""


class Station(NamedTuple):
    """What a station sends, where to, and what it shows."""

    lane: str
    path: str
    body: Mapping[str, Any]
    tasks: Sequence[Task]
    place: Place | None = None
    undo_path: str = ""
    tasks_label: str = ""
    has_lot_fields: bool = False
    hint: str = ""


class Verdict(NamedTuple):
    """The verdict on one scan, as a row shows it."""

    text: str
    tone: str
    word: str
    help: str = ""
    undo: Mapping[str, Any] | None = None
    """What the undo of the scan sends; None if nothing was recorded."""
    undid: str = ""


class Outcome(NamedTuple):
    """The verdicts of one command and the progress that it made, as of a time."""

    verdicts: Sequence[Verdict]
    progress: Sequence[Progress] = ()
    as_of: datetime = datetime.min.replace(tzinfo=UTC)


def refusal_verdict(text: str, refusal: Refusal) -> Verdict:
    """Return the verdict on a scan that a service refuses, with what would be accepted."""
    instead = say("Possible instead: {values}", values=", ".join(refusal.suggested)) if refusal.suggested else ""
    return Verdict(
        text, "bad", refusal.title, " ".join(filter(None, (refusal.detail or translate(refusal.help), instead)))
    )


def station(shown: Station, *actions: Node, may_scan: bool, above: Node = None) -> Element:
    """Show a station; the actions are beside the undo under the box. Who may not scan sees the tasks, and why."""
    if not may_scan:
        return section(".stack", aria_label=shown.tasks_label or say("Products"))[
            look_only(),
            above,
            ul(".list")[(li[_task_entry(task)] for task in shown.tasks)],
        ]  # fmt: skip
    return section(
        ".scanner", data_station="", data_lane=shown.lane, data_path=shown.path, data_undo_path=shown.undo_path,
        data_body=json.dumps(shown.body), aria_label=say("Scan station"),
    )[
        div(".columns.station")[
            div(".stack")[
                above,
                shown.place and _place_choice(shown.place),
                div(".lines", role="group", aria_label=shown.tasks_label or say("Products"), tabindex="0")[
                    (_task(task) for task in shown.tasks)
                ],
                _lot_fields() if shown.has_lot_fields else None,
                _box(),
                div(".bar.fixed")[
                    button(type="button", data_undo_last="")[say("Undo")] if shown.undo_path else None, actions
                ],
            ],
            div(".stack")[
                div(".unsent", data_unsent="", hidden=True, role="status"),
                div(".verdict", data_verdict="", role="status", aria_live="polite")[
                    span(".mark", {"aria-hidden": "true"})["▸"],
                    span(".word")[say("Ready")],
                    span(".help.quiet")[shown.hint or say("Scan the first item.")],
                ],
                ol(".scans", data_scans="", aria_label=say("Your scans, newest first")),
            ],
        ],
    ]  # fmt: skip


def look_only() -> Element:
    """Show why there is nothing to scan into."""
    needed = say("It takes the role {role}.", role=say(ROLES["operator"]))
    return notice("announced", say("Your role may look, not scan"), p[needed])


def _place_choice(place: Place) -> Element:
    attributes = {"data-place": "", "id": "place", "name": place.name}
    if place.is_open:
        field: Node = [
            input_(attributes, list="places", value=place.value, autocomplete="off", autocapitalize="none"),
            datalist(id="places")[(option(value=each) for each in place.choices)],
        ]
    else:
        field = select(attributes)[(option(value=each, selected=each == place.value)[each] for each in place.choices)]
    return div(".place")[label(for_="place")[place.label], field]


def _task(task: Task) -> Element:
    return button(
        ".pick-line", type="button", aria_pressed=str(task.is_chosen).lower(), data_sku=task.sku,
        data_tracking=task.tracking, data_barcodes=" ".join(code.lstrip("0") for code in task.barcodes),
        data_label=say(LABELS.get(task.tracking, "")), data_body=json.dumps(task.body) if task.body else None,
    )[
        span(".title")[task.title, " ", small[task.below]],
        progress_parts(task.progress, ""),
    ]  # fmt: skip


def _task_entry(task: Task) -> Element:
    progress = task.progress
    return div(".line")[
        span(".title")[task.title],
        span(".side-note")[f"{quantity(progress.done)} / {quantity(progress.total)}"],
        span(".below")[task.below],
    ]


def progress_parts(progress: Progress, as_of: str) -> list[Node]:
    """Show how much of a task is done, as number and as bar."""
    number = span(".count", id=f"done-{progress.id}", data_as_of=as_of)[
        quantity(progress.done), small[" / ", quantity(progress.total)]
    ]
    shown = bar(float(progress.done), float(progress.total), say("Progress"), id_=f"bar-{progress.id}", as_of=as_of)
    return [number, shown]


def _box() -> Element:
    return form(".scan-box", autocomplete="off")[
        div(".field")[
            label(for_="scan", data_scan_label="")[say("Scan or type a serial number")],
            input_(
                id="scan", type="text", inputmode="none", autocapitalize="none", spellcheck="false",
                enterkeyhint="done",
            ),
        ],
        button(type="button", data_keyboard="", aria_pressed="false", aria_label=say("Keyboard on the screen"))[
            icon("keyboard")
        ],
    ]  # fmt: skip


def _lot_fields() -> Element:
    return fieldset(".lot-fields", data_lot_fields="", hidden=True)[
        div(".field", data_expiry="")[
            label(for_="expiry")[say("Expires on")], input_(id="expiry", name="expiry", type="date")
        ],
        div(".field")[
            label(for_="quantity")[say("Quantity")],
            input_(id="quantity", name="quantity", type="text", inputmode="decimal"),
        ],
    ]


def paste_dialog() -> Element:
    """Show the dialog for a list of serial numbers from elsewhere."""
    return dialog(id="paste", aria_labelledby="paste-title")[
        form(".stack", method="dialog")[
            h2(id="paste-title")[say("Paste serial numbers")],
            div(".field")[
                label(for_="pasted")[say("One a line, at most 500")],
                textarea(id="pasted", rows="8", spellcheck="false"),
            ],
            div(".actions")[
                button(".primary", type="submit")[say("Scan them")],
                button(type="button", data_close="")[say("Cancel")],
            ],
        ]
    ]


def outcome_rows(outcome: Outcome) -> list[Node]:
    """Show the verdicts of one command as rows, with the progress that they made."""
    as_of = outcome.as_of.isoformat()
    return [
        *(
            li(
                data_tone=verdict.tone, data_id=verdict.text, data_undid=verdict.undid or None,
                data_undo=json.dumps(verdict.undo) if verdict.undo else None,
            )[
                span(".mark", {"aria-hidden": "true"})[MARKS[verdict.tone]],
                span(".serial")[verdict.text],
                span(".word")[say(verdict.word)],
                verdict.help and span(".help")[verdict.help],
            ]
            for verdict in outcome.verdicts
        ),
        *(progress_parts(progress, as_of) for progress in outcome.progress),
    ]  # fmt: skip
