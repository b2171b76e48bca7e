"""Ctrl-C in a hurry: whatever is running stops whole, and nobody is shown a traceback."""

import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tests.deploy.test_stack import alive

RUNS_SERVICES = """
import signal, sys
from pathlib import Path
from deploy import processes
from deploy.interrupts import stoppable
with stoppable():
    print("starting", flush=True)
    with processes.running({}, Path(sys.argv[1]), ["tests.deploy.tiny"]) as services:
        print(*(service.process.pid for service in services.values()), flush=True)
        signal.pause()
print("stopped", flush=True)
"""


@pytest.mark.parametrize("up", [True, False])
def test_who_presses_ctrl_c_again_and_again_is_not_shown_a_traceback(tmp_path: Path, up: bool) -> None:
    """SIGINT over and over, while it runs or amid its start: its services are stopped, and all that is said is so."""
    command = [sys.executable, "-c", RUNS_SERVICES, str(tmp_path)]
    parent = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    assert parent.stdout.readline() == "starting\n"
    children = [int(pid) for pid in parent.stdout.readline().split()] if up else []
    time.sleep(0.2)
    while parent.poll() is None:
        parent.send_signal(signal.SIGINT)
        time.sleep(0.02)
    out, err = parent.communicate()
    assert (out, err.strip(), parent.returncode) == ("stopped\n", "stopping …", 0)
    assert not any(map(alive, children))
