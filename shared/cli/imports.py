"""The command `tracelot import`: sends a file to the service of its kind, follows its rows, and fetches its errors."""

import time
from collections.abc import Sequence
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any

import httpx
import typer

from shared.cli.connections import bearer, fail
from shared.persistence.migrate import service_names

POLL_SECONDS = 0.3
UPLOAD_SECONDS = 600.0


def kinds_by_service() -> dict[str, str]:
    """Return the service of each kind of import."""
    return {
        kind.name: service
        for service in service_names()
        if find_spec(f"services.{service}.imports")
        for kind in import_module(f"services.{service}.imports").KINDS
    }


def require_kind(kind: str) -> str:
    """Refuse an unknown kind."""
    kinds = kinds_by_service()
    if kind not in kinds:
        raise typer.BadParameter(f"unknown kind {kind}: use one of {', '.join(sorted(kinds))}")
    return kind


def parse_options(options: Sequence[str] | None) -> list[tuple[str, str]]:
    """Split options at their first equals sign."""
    return [(name, value) for name, _, value in (text.partition("=") for text in options or ())]


def import_file(
    file: Annotated[Path, typer.Argument(help="CSV or XLSX file", exists=True, dir_okay=False)],
    *,
    kind: Annotated[str, typer.Option(help="kind of rows, such as products or opening-serials", callback=require_kind)],
    token: Annotated[str, typer.Option(help="token of a supervisor who sends the file", envvar="TRACELOT_TOKEN")],
    url: Annotated[str, typer.Option(help="base URL of the service of this kind", envvar="TRACELOT_URL")],
    number: Annotated[str, typer.Option(help="number of the import; by default the name of the file")] = "",
    sender: Annotated[str, typer.Option(help="sender of the file; its saved mapping is the default")] = "",
    dry_run: Annotated[bool, typer.Option(help="check every row and change nothing")] = False,
    replace: Annotated[bool, typer.Option(help="process rows again that were done with other values")] = False,
    option: Annotated[
        list[str] | None, typer.Option(help="what the file is like, such as date_format=DD.MM.YYYY; repeatable")
    ] = None,
) -> None:
    """Import a file; failed rows are written to FILE.errors.csv, to correct and send them again."""
    number = number or file.stem
    parameters: list[tuple[str, str | int | float | bool | None]] = [
        ("number", number), ("dry_run", dry_run), ("replace", replace),
        *([("sender", sender)] if sender else []), *parse_options(option),
    ]  # fmt: skip
    try:
        with (
            httpx.Client(base_url=url, timeout=UPLOAD_SECONDS, headers=bearer(token)) as client,
            file.open("rb") as body,
        ):
            progress = check_answer(client.post(f"/imports/{kind}", params=parameters, content=body))
            progress = _follow(client, number, progress)
            if progress["failed_rows"]:
                _save_errors(client, number, file)
    except (httpx.TransportError, httpx.InvalidURL) as error:
        service = kinds_by_service()[kind]
        fail(f"no answer from {url} ({error}): start the service {service}, and set --url to its base URL")
    done = "without problems" if progress["is_dry_run"] else "done"
    typer.echo(
        f"{progress['status']}: {progress['done_rows']} rows {done}, {progress['failed_rows']} failed, "
        f"{progress['held_rows']} in earlier imports"
    )
    if progress["failed_rows"]:
        typer.echo(f"correct {file}.errors.csv and send it with --number {number}", err=True)
    if progress["failed_rows"] or progress["status"] == "CANCELLED":
        raise typer.Exit(1)


def _follow(client: httpx.Client, number: str, progress: dict[str, Any]) -> dict[str, Any]:
    """Show a progress bar until all rows are processed."""
    total = progress["pending_rows"]
    with typer.progressbar(length=total, label="rows") as bar:
        left = total
        while progress["status"] in {"READING", "RUNNING"}:
            time.sleep(POLL_SECONDS)
            progress = check_answer(client.get(f"/imports/{number}"))
            bar.update(left - progress["pending_rows"])
            left = progress["pending_rows"]
    return progress


def _save_errors(client: httpx.Client, number: str, file: Path) -> None:
    with (
        client.stream("GET", f"/imports/{number}/errors.csv") as response,
        Path(f"{file}.errors.csv").open("wb") as saved,
    ):
        if response.is_error:
            fail(f"{response.url} answered {response.status_code}")
        saved.writelines(response.iter_bytes())


def check_answer(response: httpx.Response) -> dict[str, Any]:
    """Return the body of an answer; ends with the problem of an error."""
    try:
        body: dict[str, Any] = response.json()
    except ValueError:
        fail(f"{response.url} did not answer with JSON: set --url to the base URL of the service")
    if response.is_error:
        fail(f"{body.get('detail', response.text)}\n{body.get('help', '')}".rstrip())
    return body
