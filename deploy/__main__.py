"""Controls the local stack: `python -m deploy up`, `down`, `env`; `up` starts `run` in the background."""

import argparse
import os
import shlex
import signal
import subprocess
import sys
import time

from deploy import processes
from deploy.console import add_console
from deploy.local import children, files
from deploy.local.stack import Stack
from deploy.prepare import prepare
from deploy.running_stack import LOG_FILE, STATE_FILE, find_running_stack, is_up
from deploy.signals import stop_on_signal
from deploy.supervisor import list_programs, supervise


def run() -> None:
    """Run the stack and all services until a stop signal; restart those that end."""
    with stop_on_signal(), Stack(files.STACK, keep_data=True) as stack:
        prepare(stack.env)
        with processes.running(stack.env, stack.folder / "logs", ports=stack.ports) as services:
            add_console(stack, services)
            stack.record(services={name: service.url for name, service in services.items()})
            supervise(list_programs(stack, services))


def _has_started_services(pid: int) -> bool:
    stack = find_running_stack()
    return stack is not None and stack.pid == pid


def up() -> None:
    """Start everything in the background, print the addresses, and report services that are not ready."""
    if not is_up():
        with files.open_private(LOG_FILE) as log:
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
    stack = find_running_stack()
    if stack is None:
        sys.exit(f"The stack is starting in another process; see {LOG_FILE}, or run `make up` again in a moment.")
    for name, address in stack.addresses():
        print(f"{name:12} {address}")
    print(f"Logs: {LOG_FILE.parent}. Run `make down` to stop the stack.")
    if unready := stack.find_unready():
        sys.exit(f"Not ready: {', '.join(unready)}. See the logs; ended services restart within 30 s.")


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
    stack = find_running_stack()
    if stack is None:
        sys.exit("The stack is not running. Run `make up` to start it.")
    for name, value in stack.variables().items():
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
