"""`make demo`: start the stack, play the scenario, show the results, and keep running until Ctrl-C.

A stack that `make up` started is used instead. With --once the demo ends after the tables. The exit code is 0 if every
step succeeded.
"""

import asyncio
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from pathlib import Path

from rich.console import Console

from deploy.console import add_console, show_sign_ins
from deploy.demo.client import ExpectationFailedError, HttpClient
from deploy.demo.report import StepReport, history_table
from deploy.demo.scenario import Scenario
from deploy.demo.upstream import UpstreamProducer
from deploy.local.children import StartError
from deploy.local.files import STACK
from deploy.local.stack import Stack
from deploy.prepare import prepare
from deploy.processes import CONSOLE, running
from deploy.running_stack import find_running_stack
from deploy.signals import stop_on_signal
from deploy.supervisor import list_programs, supervise
from shared.auth.signer import Signer

READY_SECONDS = 60.0
"""Longest wait for the services of a running stack, which may just restart."""


async def play(
    environment: Mapping[str, str], services: Mapping[str, str], console: Console, *, keep_running: bool
) -> bool:
    """Play the scenario once on the services at these URLs; return whether every step succeeded.

    What to try next is shown only for services that keep running.
    """
    bootstrap, auth_folder = environment["KAFKA_BOOTSTRAP_SERVERS"], Path(environment["AUTH_FOLDER"])
    client = HttpClient(services, Signer.open(auth_folder))
    report = StepReport(console)
    run_id = datetime.now(UTC).strftime("%d%H%M%S")
    async with UpstreamProducer(bootstrap) as upstream:
        scenario = Scenario(upstream, client, report, run_id)
        try:
            await scenario.play()
        except ExpectationFailedError:
            console.print("[red]The scenario stops here.[/red]")
        history = await client.get(
            "serials", f"/serials/{scenario.serial_steps.pump_sku}/{scenario.document_id('PU', 1)}/history"
        )
    await client.aclose()
    console.print(report.table())
    console.print(history_table(f"Audit trail of {scenario.document_id('PU', 1)}", history.get("items", [])))
    if keep_running:
        show_next_steps(console, services, environment, scenario)
    return report.all_succeeded


def show_next_steps(
    console: Console, services: Mapping[str, str], environment: Mapping[str, str], scenario: Scenario
) -> None:
    """Print the API documentation pages and commands to try."""
    console.print("\n[bold]API documentation[/bold] (each service also has /ready, /metrics and /asyncapi)")
    for name, url in services.items():
        console.print(f"  {name:12} {url}/docs")
    order = f"SO-{scenario.run_id}-99"
    console.print("\n[bold]Commands to try[/bold]: sign in, look up a serial, place an order, follow its events")
    body = (
        f'{{"order":"{order}","warehouse":"EAST","customer":{{"id":"C-99"}},'
        f'"lines":[{{"line":"1","sku":"{scenario.serial_steps.pump_sku}","quantity":1}}]}}'
    )
    signed_in = '-H "Authorization: Bearer $TOKEN"'
    headers = f"{signed_in} -H 'Content-Type: application/json' -H 'Idempotency-Key: {order}'"
    issue = f"AUTH_FOLDER={environment['AUTH_FOLDER']} .venv/bin/tracelot token issue me --days 1"
    commands = (
        f"TOKEN=$({issue} --role viewer --role integrator)",
        f"curl -s {signed_in} '{services['serials']}/serials?q={scenario.document_id('PU', 1)}'",
        f"curl -s {services['fulfillment']}/orders {headers} -d '{body}'",
        f".venv/bin/python -m deploy.demo.follow {environment['KAFKA_BOOTSTRAP_SERVERS']} {order}",
    )
    for command in commands:
        console.print(command, soft_wrap=True, highlight=False, markup=False)


def play_on_new_stack(console: Console, *, keep_running: bool) -> bool:
    """Start the stack and play the scenario; then keep the stack running until Ctrl-C, or stop it."""
    started_at = time.monotonic()
    console.print("Starting Apache Kafka, PostgreSQL and the four services …")
    with Stack(STACK, keep_data=True) as stack:
        prepare(stack.env)
        with running(stack.env, STACK / "logs", ports=stack.ports) as services:
            urls = {name: service.url for name, service in services.items()}
            add_console(stack, services)
            stack.record({name: service.url for name, service in services.items()})
            console.print(f"Ready after {time.monotonic() - started_at:.0f} s. Playing the scenario:")
            succeeded = asyncio.run(play(stack.env, urls, console, keep_running=keep_running))
            if keep_running:
                show_sign_ins(stack.env, services[CONSOLE].url)
                console.print("\nThe stack keeps running; press Ctrl-C to stop it.")
                with suppress(KeyboardInterrupt):
                    supervise(list_programs(stack, services))
    return succeeded


def main() -> int:
    """Run the demo; return 130 if interrupted before the tables."""
    console = Console(width=None if sys.stdout.isatty() else 140)
    succeeded: bool | None = None
    with stop_on_signal():
        if (stack := find_running_stack()) is not None:
            stack.wait_until_ready(READY_SECONDS)
            console.print("Playing the scenario on the running stack:")
            succeeded = asyncio.run(play(stack.environment, stack.apis(), console, keep_running=True))
            show_sign_ins(stack.environment, stack.services[CONSOLE])
        else:
            succeeded = play_on_new_stack(console, keep_running="--once" not in sys.argv[1:])
    return 130 if succeeded is None else int(not succeeded)


if __name__ == "__main__":
    try:
        sys.exit(main())
    except StartError as error:
        sys.exit(str(error))
