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


class ImportServer(BaseHTTPRequestHandler):
    """A server that answers like a service: running at first, then done with a failed row."""

    received: ClassVar[list[str]] = []

    def do_POST(self) -> None:
        """Take the file."""
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        self.received.append(f"{self.path} {self.headers['Authorization']} {body}")
        self.answer(json.dumps({**PROGRESS, "status": "RUNNING", "pending_rows": 2}))

    def do_GET(self) -> None:
        """Tell the progress, or the failed rows."""
        self.answer("sku,error_line\nB,3\n" if self.path.endswith("errors.csv") else json.dumps(PROGRESS))

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
    options = ["--kind", "products", "--token", "t", "--url", url, "--option", "date_format=DD.MM.YYYY"]
    result = CliRunner().invoke(app, ["import", str(file), *options])
    assert result.exit_code == 1
    assert "DONE: 1 rows done, 1 failed" in result.output
    assert (tmp_path / "goods.csv.errors.csv").read_text() == "sku,error_line\nB,3\n"
    (request,) = ImportServer.received
    assert request == (
        "/imports/products?number=goods&dry_run=false&replace=false&date_format=DD.MM.YYYY "
        "Bearer t sku,name\nA,x\nB,y\n"
    )


def test_unknown_kinds_are_named(tmp_path: Path) -> None:
    """S45: an unknown kind ends with 2 and the known ones."""
    file = tmp_path / "goods.csv"
    file.touch()
    result = CliRunner().invoke(app, ["import", str(file), "--kind", "x", "--token", "t", "--url", "http://x"])
    assert (result.exit_code, "sold-units" in result.output) == (2, True)
