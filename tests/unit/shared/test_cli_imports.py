"""The command `tracelot import`: it sends a file, follows its rows and saves the failed ones."""

import json
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from typing import ClassVar

import pytest
from typer.testing import CliRunner

from shared.cli import app

PROGRESS = {"status": "DONE", "is_dry_run": False, "pending_rows": 0, "done_rows": 1, "failed_rows": 1, "held_rows": 0}

MAPPING = {
    "sender": "ACME", "kind": "products", "headers": [{"header": "Artikel", "column": "sku"}], "encoding": None,
    "delimiter": None, "date_format": "DD.MM.YYYY", "decimal": None, "guard": False, "changed_by": "sue",
}  # fmt: skip
MAPPINGS = {"items": [MAPPING, {**MAPPING, "sender": "B"}], "next": None}


class ImportServer(BaseHTTPRequestHandler):
    """A server that answers like a service: running at first, then done with a failed row."""

    received: ClassVar[list[str]] = []

    def do_POST(self) -> None:
        """Take a file or a mapping."""
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.received.append(f"{self.path} {self.headers['Authorization']} {body}")
        running = {**PROGRESS, "status": "RUNNING", "pending_rows": 2}
        self.answer(json.dumps(MAPPING if "mappings" in self.path else running))

    def do_GET(self) -> None:
        """Tell the progress, the failed rows, or the mappings."""
        bodies = {"errors.csv": "sku,error_line\nB,3\n", "mappings?limit=500": json.dumps(MAPPINGS)}
        found = [body for end, body in bodies.items() if self.path.endswith(end)]
        self.answer(next(iter(found), json.dumps(MAPPING if "mappings" in self.path else PROGRESS)))

    def answer(self, body: str) -> None:
        """Send an answer."""
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_: object) -> None:
        """Log nothing."""


@pytest.fixture
def url() -> Iterator[str]:
    """Run a server; provide its URL."""
    with HTTPServer(("127.0.0.1", 0), ImportServer) as server:
        Thread(target=server.serve_forever).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_import_saves_failed_rows(url: str, tmp_path: Path) -> None:
    """S45: the command names the numbers of rows, saves the failed ones and ends with 1."""
    file = tmp_path / "goods.csv"
    file.write_text("sku,name\nA,x\nB,y\n")
    ImportServer.received.clear()
    common = ["--kind", "products", "--token", "t", "--url", url]
    options = [*common, "--sender", "ACME", "--option", "date_format=DD.MM.YYYY"]
    result = CliRunner().invoke(app, ["import", str(file), *options])
    assert result.exit_code == 1
    assert "DONE: 1 rows done, 1 failed" in result.output
    assert (tmp_path / "goods.csv.errors.csv").read_text() == "sku,error_line\nB,3\n"
    (request,) = ImportServer.received
    assert request == (
        "/imports/products?number=goods&dry_run=false&replace=false&sender=ACME&date_format=DD.MM.YYYY Bearer t "
        "sku,name\nA,x\nB,y\n"
    )


def test_unknown_kinds_are_named(tmp_path: Path) -> None:
    """S45: an unknown kind ends with 2 and the known ones."""
    file = tmp_path / "goods.csv"
    file.touch()
    result = CliRunner().invoke(app, ["import", str(file), "--kind", "x", "--token", "t", "--url", "http://x"])
    assert (result.exit_code, "sold-units" in result.output) == (2, True)


def test_mappings_are_set_and_read(url: str) -> None:
    """S45: the mapping of a sender is set, shown, listed and deleted from the command line."""
    ImportServer.received.clear()

    def run(*arguments: str) -> str:
        result = CliRunner().invoke(app, ["import-mappings", *arguments, "--token", "t", "--url", url])
        assert result.exit_code == 0, result.output
        return result.output

    chosen = ("A/CME", "--kind", "products")
    line = "ACME\tproducts\tArtikel:sku date_format=DD.MM.YYYY guard=false\tsue\n"
    stated = ("--header", "Artikel:sku", "--header", "a:b:", "--option", "guard=false")
    assert run("set", *chosen, *stated) == line
    assert run("show", *chosen) == line
    assert run("list") == line + line.replace("ACME", "B")
    assert run("delete", *chosen) == "deleted the mapping of A/CME for products\n"
    path, scheme, token, body = ImportServer.received[0].split(" ", 3)
    assert (path, scheme, token, json.loads(body)) == (
        "/import-mappings/A%2FCME/products", "Bearer", "t",
        {"guard": False, "headers": [{"header": "Artikel", "column": "sku"}, {"header": "a:b", "column": ""}]},
    )  # fmt: skip
