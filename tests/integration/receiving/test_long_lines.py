"""Files of one line, too large for any import."""

from collections.abc import Mapping

from shared.imports.files import MAX_FILE_BYTES
from tests.support.file_reader import run_module

MAX_GROWTH_MIB = 48
"""Memory that the service and both senders may take for them."""


def test_gigabyte_lines_are_refused_while_they_arrive(environment: Mapping[str, str]) -> None:
    """S45: a line of 1 GB, sent over HTTP or by `tracelot import`, is refused in bounded memory of both sides."""
    assert environment["RECEIVING_DATABASE_URL"]
    streamed, sent_by_command, growth = run_module("tests.support.line_sender")
    assert streamed["code"] == "invalid_file"
    assert "split it into several" in streamed["detail"]
    assert sent_by_command["exit_code"] == 1
    assert f"The file exceeds {MAX_FILE_BYTES} bytes" in sent_by_command["output"]
    assert growth < MAX_GROWTH_MIB
