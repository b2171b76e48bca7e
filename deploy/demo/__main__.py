"""`make demo`: start the stack, play the scenario, show the results, and keep running until Ctrl-C.

With --once it stops after the tables. The exit code is 0 if every step succeeded.
"""

import asyncio
import signal
import sys
import time
from datetime import UTC, datetime

from rich.console import Console

from deploy.databases import SERVICES
from deploy.demo.client import ExpectationFailedError, HttpClient
from deploy.demo.report import StepReport, history_table
from deploy.demo.scenario import Scenario
from deploy.demo.upstream import UpstreamProducer
from deploy.local.children import StartError
from deploy.local.files import PROJECT
from deploy.local.stack import Stack
from deploy.prepare import prepare
from deploy.processes import Service, running
from deploy.signals import stop_on_signal


async def play(bootstrap: str, services: dict[str, Service], console: Console) -> bool:
    """Play the scenario once; return whether every step succeeded."""
    client = HttpClient({name: service.url for name, service in services.items()})
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
    show_next_steps(console, services, bootstrap, scenario)
    return report.all_succeeded


def show_next_steps(console: Console, services: dict[str, Service], bootstrap: str, scenario: Scenario) -> None:
    """Print the API documentation pages and three commands to try."""
    console.print("\n[bold]API documentation[/bold] (each service also has /ready, /metrics and /asyncapi)")
    for name, service in services.items():
        console.print(f"  {name:12} {service.url}/docs")
    serials, fulfillment = services["serials"].url, services["fulfillment"].url
    order = f"SO-{scenario.run_id}-99"
    console.print("\n[bold]Commands to try[/bold]: look up a serial, place an order, follow its events")
    body = (
        f'{{"order":"{order}","warehouse":"EAST","customer":{{"id":"C-99"}},'
        f'"lines":[{{"line":"1","sku":"{scenario.serial_steps.pump_sku}","quantity":1}}]}}'
    )
    headers = f"-H 'Content-Type: application/json' -H 'X-Actor: me' -H 'Idempotency-Key: {order}'"
    commands = (
        f"curl -s '{serials}/serials?q={scenario.document_id('PU', 1)}'",
        f"curl -s {fulfillment}/orders {headers} -d '{body}'",
        f".venv/bin/python -m deploy.demo.follow {bootstrap} {order}",
    )
    for command in commands:
        console.print(command, soft_wrap=True, highlight=False, markup=False)


def main() -> int:
    """Run the demo; return 130 if interrupted before the tables."""
    console, started_at = Console(width=None if sys.stdout.isatty() else 140), time.monotonic()
    console.print("Starting Apache Kafka, PostgreSQL and the four services …")
    status = 130
    with stop_on_signal(), Stack(PROJECT / ".stack", keep_data=True) as stack:
        prepare(stack.env)
        with running(stack.env, PROJECT / ".stack" / "logs", SERVICES) as services:
            console.print(f"Ready after {time.monotonic() - started_at:.0f} s. Playing the scenario:")
            succeeded = asyncio.run(play(stack.env["KAFKA_BOOTSTRAP_SERVERS"], services, console))
            status = 0 if succeeded else 1
            if "--once" not in sys.argv[1:]:
                console.print("\nThe stack keeps running; press Ctrl-C to stop it.")
                signal.pause()
    return status


if __name__ == "__main__":
    try:
        sys.exit(main())
    except StartError as error:
        sys.exit(str(error))
