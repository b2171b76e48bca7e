"""Controls the local stack: `python -m deploy up`, `down`, `env`; `up` starts `run` in the background."""

import argparse
import os
import shlex
import signal
import subprocess
import sys
import time

from deploy import processes
from deploy.local import children, files
from deploy.local.stack import Stack
from deploy.prepare import prepare
from deploy.signals import stop_on_signal

STATE_FILE, LOG_FILE = files.STACK / "stack.json", files.STACK / "logs" / "stack.log"


def is_up() -> bool:
    """Return whether a process holds the lock of the stack folder."""
    if not files.STACK.exists():
        return False
    descriptor = files.try_lock(files.STACK / "lock")
    if descriptor is not None:
        os.close(descriptor)
    return descriptor is None


def run() -> None:
    """Run the stack and all services until a stop signal."""
    with stop_on_signal(), Stack(files.STACK, keep_data=True) as stack:
        prepare(stack.env)
        with processes.running(stack.env, stack.folder / "logs") as services:
            stack.record(services={name: service.url for name, service in services.items()})
            signal.pause()


def _has_started_services(pid: int) -> bool:
    """Return whether stack.json belongs to the process and lists its services; it may be left by a killed process."""
    state = files.read_json(STATE_FILE)
    return state.get("pid") == pid and bool(state["services"])


def up() -> None:
    """Start everything in the background, print the addresses, and report services that are not ready."""
    if not is_up():
        LOG_FILE.parent.mkdir(parents=True, exist_ok=True)
        with LOG_FILE.open("wb") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "deploy", "run"],
                stdout=log,
                stderr=log,
                cwd=files.PROJECT,
                start_new_session=True,
            )
        with stop_on_signal():
            children.wait_until(lambda: _has_started_services(process.pid), process, LOG_FILE, 300)
        if not _has_started_services(process.pid):  # interrupted by Ctrl-C
            children.stop(process, signal.SIGTERM, 60)
            sys.exit(130)
    state = files.read_json(STATE_FILE)
    for name, url in state["services"].items():
        print(f"{name:12} {url}")
    print(f"Kafka        {state['environment']['KAFKA_BOOTSTRAP_SERVERS']}")
    print(f"Logs: {LOG_FILE.parent}. Run `make down` to stop the stack.")
    if not_ready := [name for name, url in state["services"].items() if not processes.is_ready(url)]:
        sys.exit(f"Not ready: {', '.join(not_ready)}. Run `make down`, then `make up`; no data is lost.")


def down() -> None:
    """Stop the stack started by `up` and wait for its end."""
    if not is_up():
        print("The stack is not running.")
        return
    os.kill(files.read_json(STATE_FILE)["pid"], signal.SIGTERM)
    deadline = time.monotonic() + 60
    while is_up():
        if time.monotonic() > deadline:
            sys.exit(f"The stack did not stop within 60 s; see {LOG_FILE}")
        time.sleep(0.1)


def env() -> None:
    """Print the environment and the service URLs of the running stack as shell commands."""
    if not is_up():
        sys.exit("The stack is not running. Run `make up` to start it.")
    state = files.read_json(STATE_FILE)
    urls = {f"{name.upper()}_URL": url for name, url in state["services"].items()}
    for name, value in (state["environment"] | urls).items():
        print(f"export {name}={shlex.quote(value)}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m deploy", description=__doc__)
    commands = {command.__name__: command for command in (up, down, env, run)}
    parser.add_argument("command", choices=commands)
    try:
        commands[parser.parse_args().command]()
    except children.StartError as error:
        sys.exit(str(error))
    except KeyboardInterrupt:
        sys.exit(130)
