"""Services as processes: waited for, stopped orderly, frozen and killed."""

from pathlib import Path

import pytest

from deploy import processes
from deploy.local.children import StartError
from tests.timing import PATIENCE

TINY = "tests.deploy.tiny"


def test_a_service_is_started_waited_for_and_stopped(tmp_path: Path) -> None:
    """Each replica has its own port and log; SIGTERM ends it with 0, SIGSTOP keeps it alive but silent."""
    with processes.running({}, tmp_path, [TINY]) as services:
        second = processes.start(TINY, {}, tmp_path, replica=2)
        second.wait_ready(PATIENCE)
        assert second.port != services[TINY].port
        second.freeze()
        assert not second.ready()
        assert second.alive
        second.thaw()
        second.wait_ready(PATIENCE)
        second.freeze()
        second.kill()
        assert not second.alive
        third = processes.start(TINY, {}, tmp_path)
        third.wait_ready(PATIENCE)
        assert third.stop(PATIENCE) == 0
    assert not services[TINY].alive
    assert {log.name for log in tmp_path.iterdir()} == {f"{TINY}.log", f"{TINY}-2.log"}


def test_a_service_that_does_not_start_says_why(tmp_path: Path) -> None:
    """The error carries the end of its log."""
    with pytest.raises(StartError, match="No module named"):
        processes.start("tests.deploy.nothing", {}, tmp_path).wait_ready(PATIENCE)
