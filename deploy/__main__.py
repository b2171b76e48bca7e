"""The stack by hand: `python -m deploy up`, `down`, `env`; `run` is what `up` leaves behind."""

import argparse
import os
import shlex
import signal
import subprocess
import sys
import time

from deploy import processes
from deploy.interrupts import stoppable
from deploy.local import children, files
from deploy.local.stack import Stack
from deploy.prepare import prepare

STATE, LOG = files.STACK / "stack.json", files.STACK / "logs" / "stack.log"


def is_up() -> bool:
    """Say whether a process holds the stack's folder."""
    if not files.STACK.exists():
        return False
    held = files.lock(files.STACK / "lock")
    if held is not None:
        os.close(held)
    return held is None


def run() -> None:
    """Run everything until told to stop."""
    with stoppable(), Stack(files.STACK, keep=True) as stack:
        prepare(stack.env)
        with processes.running(stack.env, stack.folder / "logs") as services:
            stack.record(services={name: service.url for name, service in services.items()})
            signal.pause()


def _services_of(pid: int) -> bool:
    """Say whether stack.json is this process's, and names its services: a killed one leaves its own behind."""
    state = files.read_json(STATE)
    return state.get("pid") == pid and bool(state["services"])


def up() -> None:
    """Start everything in the background and say where it is; what was up and does not answer is named."""
    if not is_up():
        LOG.parent.mkdir(parents=True, exist_ok=True)
        with LOG.open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "deploy", "run"],
                stdout=log,
                stderr=log,
                cwd=files.PROJECT,
                start_new_session=True,
            )
        with stoppable():
            children.wait_until(lambda: _services_of(process.pid), process, LOG, 300)
        if not _services_of(process.pid):  # somebody was in two minds
            children.stop(process, signal.SIGTERM, 60)
            sys.exit(130)
    state = files.read_json(STATE)
    for name, url in state["services"].items():
        print(f"{name:12} {url}")
    print(f"Kafka        {state['environment']['KAFKA_BOOTSTRAP_SERVERS']}")
    print(f"Logs are in {LOG.parent}; `make down` stops it all.")
    if silent := [name for name, url in state["services"].items() if not processes.ready(url)]:
        sys.exit(f"Not ready: {', '.join(silent)}. `make down`, then `make up` starts it anew; nothing is lost.")


def down() -> None:
    """Stop what `up` started, and wait until it is gone."""
    if not is_up():
        print("Nothing is up.")
        return
    os.kill(files.read_json(STATE)["pid"], signal.SIGTERM)
    deadline = time.monotonic() + 60
    while is_up():
        if time.monotonic() > deadline:
            sys.exit(f"It does not stop; see {LOG}")
        time.sleep(0.1)


def env() -> None:
    """Print the environment of a running stack for a shell to read."""
    if not is_up():
        sys.exit("Nothing is up; `make up` starts it.")
    for name, value in files.read_json(STATE)["environment"].items():
        print(f"export {name}={shlex.quote(value)}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m deploy", description=__doc__)
    commands = {each.__name__: each for each in (up, down, env, run)}
    parser.add_argument("command", choices=commands)
    try:
        commands[parser.parse_args().command]()
    except children.StartError as error:
        sys.exit(str(error))
    except KeyboardInterrupt:
        sys.exit(130)
