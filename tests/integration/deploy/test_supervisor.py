"""Restarts of programs that end unexpectedly."""

import itertools
from collections.abc import Callable
from pathlib import Path

import pytest

from deploy import processes
from deploy.local.children import StartError
from deploy.local.stack import Stack
from deploy.supervisor import MAX_PAUSE, STABLE_SECONDS, Program, list_programs, supervise
from tests.support.timing import MAX_WAIT_SECONDS

MINIMAL_SERVICE = "tests.integration.deploy.minimal_service"


class SupervisionEnd(Exception):  # noqa: N818 - no error
    """Ends the endless supervision of a test."""


def stop_when(condition: Callable[[], bool]) -> Program:
    """Return a supervised program that ends the supervision once a condition holds."""

    def is_alive() -> bool:
        if condition():
            raise SupervisionEnd
        return True

    return Program("condition", is_alive, lambda: None, 0.0)


def test_killed_service_and_servers_restart_on_their_ports(tmp_path: Path) -> None:
    """A killed service, Kafka and PostgreSQL run again on the same ports without help."""
    with (
        Stack(tmp_path / "stack", keep_data=False) as stack,
        processes.running(stack.env, tmp_path / "logs", [MINIMAL_SERVICE], ports=stack.ports) as services,
    ):
        service = services[MINIMAL_SERVICE]
        assert stack.kafka is not None
        assert stack.postgres is not None
        programs = list_programs(stack, services)
        for program in programs:
            program.started_at -= STABLE_SECONDS  # as if they had run for long
        killed = [service.process, stack.kafka.process, stack.postgres.process]
        for process in killed:
            assert process is not None
            process.kill()
            process.wait(MAX_WAIT_SECONDS)
        assert not any(program.is_alive() for program in programs)

        def has_restarted() -> bool:
            return all(program.is_alive() for program in programs) and services[MINIMAL_SERVICE].is_ready()

        with pytest.raises(SupervisionEnd):
            supervise([*programs, stop_when(has_restarted)])
        assert services[MINIMAL_SERVICE].url == service.url
        assert services[MINIMAL_SERVICE].process.pid != service.process.pid
        assert stack.env["KAFKA_BOOTSTRAP_SERVERS"] == stack.kafka.bootstrap_servers


def test_program_that_ends_again_and_again_restarts_with_growing_pauses(capsys: pytest.CaptureFixture[str]) -> None:
    """A stable program restarts at once, then after 1, 2, 4 … 30 s; a failed start is reported and repeated."""
    restarts: list[float] = []

    def restart() -> None:
        restarts.append(now)
        raise StartError("no space left")

    program, now = Program("kafka", lambda: False, restart, started_at=0.0), STABLE_SECONDS
    while now < STABLE_SECONDS + 4 * MAX_PAUSE:
        program.check(now)
        now += 0.5
    pauses = [round(later - earlier) for earlier, later in itertools.pairwise(restarts)]
    assert restarts[0] == STABLE_SECONDS
    assert pauses[:6] == sorted(pauses[:6])
    assert pauses[0] == pytest.approx(1, abs=1)
    assert pauses[-1] == pytest.approx(MAX_PAUSE, abs=1)
    output = capsys.readouterr().out
    assert "kafka ended unexpectedly" in output
    assert "no space left" in output
