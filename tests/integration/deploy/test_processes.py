"""Service processes: readiness, shutdown, freezing and killing."""

from pathlib import Path

import pytest

from deploy import processes
from deploy.local.children import StartError
from tests.support.timing import MAX_WAIT_SECONDS

MINIMAL_SERVICE = "tests.integration.deploy.minimal_service"


def test_start_wait_and_stop(tmp_path: Path) -> None:
    """Replicas have their own port and log; SIGTERM exits with 0; a frozen process is alive but not ready."""
    with processes.running({}, tmp_path, [MINIMAL_SERVICE]) as services:
        second = processes.start(MINIMAL_SERVICE, {}, tmp_path, replica=2)
        second.wait_ready(MAX_WAIT_SECONDS)
        assert second.port != services[MINIMAL_SERVICE].port
        second.freeze()
        assert not second.is_ready()
        assert second.is_alive
        second.thaw()
        second.wait_ready(MAX_WAIT_SECONDS)
        second.freeze()
        second.kill()
        assert not second.is_alive
        third = processes.start(MINIMAL_SERVICE, {}, tmp_path)
        third.wait_ready(MAX_WAIT_SECONDS)
        assert third.stop(MAX_WAIT_SECONDS) == 0
    assert not services[MINIMAL_SERVICE].is_alive
    assert {log.name for log in tmp_path.iterdir()} == {f"{MINIMAL_SERVICE}.log", f"{MINIMAL_SERVICE}-2.log"}


def test_failed_start_reports_the_log(tmp_path: Path) -> None:
    """The error contains the end of the log."""
    with pytest.raises(StartError, match="No module named"):
        processes.start("tests.integration.deploy.nothing", {}, tmp_path).wait_ready(MAX_WAIT_SECONDS)
