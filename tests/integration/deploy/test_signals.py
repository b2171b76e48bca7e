"""Repeated Ctrl-C: everything stops completely, without traceback."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.integration.deploy.test_stack import is_alive

RUN_SERVICES_SCRIPT = """
import signal, sys
from pathlib import Path
from deploy import processes
from deploy.signals import stop_on_signal
with stop_on_signal():
    print("starting", flush=True)
    with processes.running({}, Path(sys.argv[1]), ["tests.integration.deploy.minimal_service"]) as services:
        print(*(service.process.pid for service in services.values()), flush=True)
        signal.pause()
print("stopped", flush=True)
"""


@pytest.mark.parametrize("is_running", [True, False])
def test_repeated_ctrl_c_shows_no_traceback(tmp_path: Path, is_running: bool) -> None:
    """Repeated SIGINT while running or starting stops all services and prints only that."""
    command = [sys.executable, "-c", RUN_SERVICES_SCRIPT, str(tmp_path)]
    parent = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    assert parent.stdout.readline() == "starting\n"
    children = [int(pid) for pid in parent.stdout.readline().split()] if is_running else []
    time.sleep(0.2)
    while parent.poll() is None:
        parent.send_signal(signal.SIGINT)
        time.sleep(0.02)
    stdout, stderr = parent.communicate()
    assert (stdout, stderr.strip(), parent.returncode) == ("stopped\n", "stopping …", 0)
    assert not any(map(is_alive, children))
