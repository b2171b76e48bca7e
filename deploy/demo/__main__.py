"""`make demo`: start everything, play the morning, show what happened, and stay up until Ctrl-C.

With --once it leaves after the table; the exit code says whether everything came out as it had to.
"""

import asyncio
import signal
import sys
import time
from datetime import UTC, datetime

from rich.console import Console

from deploy.databases import SERVICES
from deploy.demo.floor import Floor, UnmetError
from deploy.demo.morning import Morning
from deploy.demo.outside import Outside
from deploy.demo.sheet import Sheet, history_table
from deploy.interrupts import stoppable
from deploy.local.children import StartError
from deploy.local.files import PROJECT
from deploy.local.stack import Stack
from deploy.prepare import prepare
from deploy.processes import Service, running


async def play(bootstrap: str, services: dict[str, Service], console: Console) -> bool:
    """Play one morning; whether everything came out as it had to."""
    floor = Floor({name: service.url for name, service in services.items()})
    sheet = Sheet(console)
    run = datetime.now(UTC).strftime("%d%H%M%S")
    async with Outside(bootstrap) as outside:
        morning = Morning(outside, floor, sheet, run)
        try:
            await morning.play()
        except UnmetError:
            console.print("[red]The morning ends here.[/red]")
        history = await floor.get("serials", f"/serials/{morning.units.pump}/{morning.no('PU', 1)}/history")
    await floor.aclose()
    console.print(sheet.table())
    console.print(history_table(f"The life of {morning.no('PU', 1)}", history.get("items", [])))
    show_addresses(console, services, bootstrap, morning)
    return sheet.met


def show_addresses(console: Console, services: dict[str, Service], bootstrap: str, morning: Morning) -> None:
    """Where to look, and three commands to paste."""
    console.print("\n[bold]Pages[/bold] (also /ready, /metrics, /asyncapi on each)")
    for name, service in services.items():
        console.print(f"  {name:12} {service.url}/docs")
    serials, fulfillment = services["serials"].url, services["fulfillment"].url
    order = f"SO-{morning.run}-99"
    console.print("\n[bold]To paste[/bold]: look up a serial, place an order, watch its events")
    body = (
        f'{{"order":"{order}","warehouse":"EAST","customer":{{"id":"C-99"}},'
        f'"lines":[{{"line":"1","sku":"{morning.units.pump}","quantity":1}}]}}'
    )
    headers = f"-H 'Content-Type: application/json' -H 'X-Actor: me' -H 'Idempotency-Key: {order}'"
    commands = (
        f"curl -s '{serials}/serials?q={morning.no('PU', 1)}'",
        f"curl -s {fulfillment}/orders {headers} -d '{body}'",
        f".venv/bin/python -m deploy.demo.watch {bootstrap} {order}",
    )
    for command in commands:
        console.print(command, soft_wrap=True, highlight=False, markup=False)


def main() -> int:
    """Start, play, show, stay; 130 where somebody stopped it before the table."""
    console, began = Console(width=None if sys.stdout.isatty() else 140), time.monotonic()
    console.print("Starting Apache Kafka and PostgreSQL, each service with its own database …")
    status = 130
    with stoppable(), Stack(PROJECT / ".stack", keep=True) as stack:
        prepare(stack.env)
        with running(stack.env, PROJECT / ".stack" / "logs", SERVICES) as services:
            console.print(f"All up after {time.monotonic() - began:.0f} s. A morning in the warehouse:")
            met = asyncio.run(play(stack.env["KAFKA_BOOTSTRAP_SERVERS"], services, console))
            status = 0 if met else 1
            if "--once" not in sys.argv[1:]:
                console.print("\nEverything stays up; Ctrl-C stops it all.")
                signal.pause()
    return status


if __name__ == "__main__":
    try:
        sys.exit(main())
    except StartError as error:
        sys.exit(str(error))
