"""The command line reports errors of its caller and environment without a traceback."""

from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread

import pytest
from typer.testing import CliRunner

from deploy.databases import SERVICES
from shared.cli import app
from shared.persistence.migrate import service_names

UNREACHABLE = "127.0.0.1:1"  # no process listens on port 1
RECALL = ("lots", "recall", "RC-1", "--token", "t", "--reason", "glass")
NO_VARIABLES = {"LOTS_URL": None, "LOTS_DATABASE_URL": None, "LOTS_MIGRATION_DATABASE_URL": None}
NO_DATABASE = {"LOTS_DATABASE_URL": f"postgresql://app:pass@{UNREACHABLE}/lots"}


def run(arguments: tuple[str, ...], variables: dict[str, str] | None = None, text: str | bytes = "") -> tuple[int, str]:
    """Run the command; return the exit code and the output, in which a terminal may break any word."""
    result = CliRunner().invoke(app, arguments, env={**NO_VARIABLES, **(variables or {})}, input=text)
    assert isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, " ".join(result.output.replace("│", "").split())


class WebPage(BaseHTTPRequestHandler):
    """A server that answers every command with a page that is not JSON."""

    def do_POST(self) -> None:
        """Answer with a page."""
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.end_headers()
        self.wfile.write(b"<html>")

    def log_message(self, *_: object) -> None:
        """Log nothing."""


@pytest.fixture
def web_url() -> Iterator[str]:
    """Run a server that is not the lots service; provide its URL."""
    with HTTPServer(("127.0.0.1", 0), WebPage) as server:
        Thread(target=server.serve_forever).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@pytest.mark.parametrize(
    ("arguments", "variables", "exit_code", "message"),
    [
        (RECALL, {}, 2, "env var: 'LOTS_URL'"),
        ((*RECALL, "--notice", "missing.txt"), {"LOTS_URL": "http://x"}, 2, "'missing.txt' does not exist"),
        ((*RECALL, "--notice", "."), {"LOTS_URL": "http://x"}, 2, "is a directory"),
        ((*RECALL, "--token", "Jürgen"), {"LOTS_URL": "http://x"}, 2, "as it was issued"),
        (RECALL, {"LOTS_URL": f"http://{UNREACHABLE}"}, 1, "start the lots service, and set --url or LOTS_URL"),
        (RECALL, {"LOTS_URL": "lots"}, 1, "missing an 'http://' or 'https://' protocol"),
        (RECALL, {"LOTS_URL": "http://x:y"}, 1, "set --url or LOTS_URL to its base URL"),
        (("serve", "lots"), {}, 1, "check these environment variables: LOTS_DATABASE_URL"),
        (("serve", "milk"), {}, 2, f"unknown service milk: use one of {', '.join(sorted(SERVICES))}"),
        (("migrate", "lots"), NO_DATABASE, 1, "LOTS_MIGRATION_DATABASE_URL is not set"),
        (("migrate", "milk"), {}, 2, "unknown service milk"),
        (("dead-letters", "list", "--service", "lots"), {}, 1, "check these environment variables: LOTS_DATABASE_URL"),
        (("dead-letters", "list", "--service", "lots"), NO_DATABASE, 1, "check that database and Kafka are running"),
        (("dead-letters", "list", "--service", "lots"), {"LOTS_DATABASE_URL": "x"}, 1, "invalid database URL"),
        (("dead-letters", "replay", "1", "--service", "lots"),
         {**NO_DATABASE, "KAFKA_BOOTSTRAP_SERVERS": UNREACHABLE}, 1, "check that database and Kafka are running"),
    ],
)  # fmt: skip
def test_errors_of_the_environment_are_reported(
    arguments: tuple[str, ...], variables: dict[str, str], exit_code: int, message: str
) -> None:
    """Missing files and variables, unreachable servers and unknown services are reported with what to do."""
    actual_exit_code, output = run(arguments, variables)
    assert (actual_exit_code, message in output) == (exit_code, True), output


def test_other_server_is_reported(web_url: str) -> None:
    """An address that is not of the lots service is reported (S46)."""
    exit_code, output = run((*RECALL, "--url", web_url))
    assert (exit_code, "did not answer with JSON: set --url" in output) == (1, True), output


def test_notice_that_is_not_text_is_reported(tmp_path: Path) -> None:
    """A notice in another encoding is reported, from a file and from standard input (S46)."""
    notice = tmp_path / "notice.txt"
    notice.write_bytes("Rückruf".encode("latin-1"))
    for argument in (str(notice), "-"):
        exit_code, output = run((*RECALL, "--url", "http://x", "--notice", argument), text=notice.read_bytes())
        assert (exit_code, "save it as UTF-8" in output) == (2, True), output


def test_service_with_commands_has_a_group() -> None:
    """`tracelot lots` exists because of `services.lots.cli`; a service without such a module has no group."""
    assert {group.name for group in app.registered_groups} & set(service_names()) == {"lots"}
