"""Ports of several stacks on one machine."""

import socket
import subprocess
import sys
from pathlib import Path

import pytest

from deploy.local.children import StartError
from deploy.local.ports import KeptPorts, reserve_port

RESERVE_SCRIPT = """
import sys
from deploy.local.ports import reserve_port
print(reserve_port(), flush=True)
sys.stdin.read()
"""


def test_port_reserved_by_another_process_is_not_chosen() -> None:
    """A port is not chosen before its server listens or while its server is stopped; it is free after the process."""
    command = [sys.executable, "-c", RESERVE_SCRIPT]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as other:
        assert other.stdout is not None
        port = int(other.stdout.readline())
        with pytest.raises(StartError, match="No port"):
            reserve_port(port, candidates=())
        assert reserve_port(port) != port
        other.communicate()
    assert reserve_port(port) == port
    with pytest.raises(StartError, match="No port"):
        reserve_port(port, candidates=())


def test_port_of_a_foreign_server_is_not_chosen() -> None:
    """A preferred port with a listening server gives way to another."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        assert reserve_port(port) != port


def test_ports_stay_the_same_at_the_next_start(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Names keep their ports from start to start; a port in use by then is replaced, recorded and reported."""
    names = ("kafka", "postgres", "receiving")
    first = KeptPorts(tmp_path / "ports.json")
    ports = [first.reserve(name) for name in names]
    first.release()
    second = KeptPorts(tmp_path / "ports.json")
    assert [second.reserve(name) for name in names] == ports
    second.release()
    with socket.create_server(("127.0.0.1", ports[1])):
        third = KeptPorts(tmp_path / "ports.json")
        moved = [third.reserve(name) for name in names]
        third.release()
    assert moved[0::2] == ports[0::2]
    assert moved[1] != ports[1]
    assert f"Port {ports[1]} of postgres is in use" in capsys.readouterr().out
    fourth = KeptPorts(tmp_path / "ports.json")
    assert fourth.reserve("postgres") == moved[1]
    fourth.release()
