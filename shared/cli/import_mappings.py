"""The commands `tracelot import-mappings`: what the files of a sender are like, over HTTP."""

from typing import Annotated, Any
from urllib.parse import quote
from uuid import uuid4

import httpx
import typer

from shared.cli.connections import bearer, fail
from shared.cli.imports import check_answer, kinds_by_service, parse_options, require_kind

app = typer.Typer(no_args_is_help=True, help="Set, list, show and delete what the files of a sender are like.")

OPTIONS = ("encoding", "delimiter", "date_format", "decimal", "guard")
SenderArgument = Annotated[str, typer.Argument(help="name of the sender of the files")]
KindOption = Annotated[str, typer.Option(help="kind of rows, such as products", callback=require_kind)]
TokenOption = Annotated[str, typer.Option(help="token of a supervisor", envvar="TRACELOT_TOKEN")]
UrlOption = Annotated[str, typer.Option(help="base URL of the service of this kind", envvar="TRACELOT_URL")]


@app.command("set")
def set_mapping(
    sender: SenderArgument,
    *,
    kind: KindOption,
    token: TokenOption,
    url: UrlOption,
    header: Annotated[
        list[str] | None,
        typer.Option(help="header and its column, such as Seriennr:serial, or Colour: to leave it out; repeatable"),
    ] = None,
    option: Annotated[
        list[str] | None, typer.Option(help="what the files are like, such as date_format=DD.MM.YYYY; repeatable")
    ] = None,
) -> None:
    """Set what the files of a sender are like, in place of an earlier mapping."""
    pairs = (text.rpartition(":") for text in header or ())
    headers = [{"header": name, "column": column} for name, _, column in pairs]
    options: dict[str, Any] = dict(parse_options(option))
    if "guard" in options:
        options["guard"] = options["guard"] == "true"
    _print(_request("POST", url, _path(sender, kind), {**options, "headers": headers}, token=token))


@app.command("list")
def list_mappings(
    token: TokenOption, url: UrlOption, sender: Annotated[str, typer.Option(help="only those of this sender")] = ""
) -> None:
    """List the mappings of a service by sender and kind."""
    query = f"?limit=500{f'&sender={quote(sender)}' if sender else ''}"
    page = _request("GET", url, f"/import-mappings{query}", token=token)
    while True:
        for mapping in page["items"]:
            _print(mapping)
        if not page["next"]:
            break
        page = _request("GET", url, f"/import-mappings{query}&cursor={page['next']}", token=token)


@app.command("show")
def show_mapping(sender: SenderArgument, *, kind: KindOption, token: TokenOption, url: UrlOption) -> None:
    """Show the mapping of a sender."""
    _print(_request("GET", url, _path(sender, kind), token=token))


@app.command("delete")
def delete_mapping(sender: SenderArgument, *, kind: KindOption, token: TokenOption, url: UrlOption) -> None:
    """Delete the mapping of a sender."""
    _request("POST", url, f"{_path(sender, kind)}/delete", {}, token=token)
    typer.echo(f"deleted the mapping of {sender} for {kind}")


def _path(sender: str, kind: str) -> str:
    return f"/import-mappings/{quote(sender, safe='')}/{kind}"


def _request(method: str, url: str, path: str, body: dict[str, Any] | None = None, *, token: str) -> dict[str, Any]:
    headers = bearer(token) | ({} if body is None else {"Idempotency-Key": uuid4().hex})
    try:
        return check_answer(httpx.request(method, url.rstrip("/") + path, json=body, headers=headers))
    except (httpx.TransportError, httpx.InvalidURL) as error:
        services = sorted(set(kinds_by_service().values()))
        fail(f"no answer from {url} ({error}): set --url to the base URL of {' or '.join(services)}")


def _print(mapping: dict[str, Any]) -> None:
    """Print a mapping as a line: its headers, then what else its files are like."""
    headers = [f"{entry['header']}:{entry['column']}" for entry in mapping["headers"]]
    stated = {name: value for name, value in mapping.items() if name in OPTIONS and value is not None}
    options = [f"{name}={str(value).lower() if value in (True, False) else value}" for name, value in stated.items()]
    typer.echo(f"{mapping['sender']}\t{mapping['kind']}\t{' '.join([*headers, *options])}\t{mapping['changed_by']}")
