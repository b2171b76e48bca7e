"""Sends a line of 1 GB to a service, over HTTP and by `tracelot import`, and prints the answers and the memory taken.

The service and the senders run in this process.
"""

import json
import os
import socket
from pathlib import Path
from tempfile import TemporaryDirectory
from threading import Thread
from typing import Any

import httpx
import uvicorn
from typer.testing import CliRunner

from services.receiving.app import app
from shared.cli import app as command_line
from shared.persistence.database import create_engine
from tests.support.auth import bearer, token_of
from tests.support.file_reader import peak_mib
from tests.support.wrong_files import MIB, endless_line

GIGABYTE = 1024 * MIB


def send_by_http(url: str) -> Any:
    """Send a line whose length is not stated; return the problem."""
    path, headers = "/imports/products?number=N", bearer("anna")
    return httpx.post(f"{url}{path}", content=endless_line(GIGABYTE), headers=headers, timeout=300).json()


def send_by_command(url: str) -> dict[str, Any]:
    """Send a file of one line by `tracelot import`."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "line.csv"
        with path.open("wb") as file:
            file.truncate(GIGABYTE)  # takes no space on disk
        arguments = ["import", str(path), "--kind", "products", "--token", token_of("anna"), "--url", url]
        result = CliRunner().invoke(command_line, arguments)
    return {"exit_code": result.exit_code, "output": result.output}


def main() -> None:
    """Print the answers and the growth of the memory, each as a line of JSON."""
    app.state.engine = create_engine(os.environ["RECEIVING_DATABASE_URL"], "lines")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = uvicorn.Server(uvicorn.Config(app, lifespan="off", log_level="error"))
        thread = Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        try:
            httpx.post(
                f"{url}/imports/products", headers=bearer("anna"), timeout=60
            )  # a refused request, so that all modules are loaded
            before = peak_mib()
            for found in (send_by_http(url), send_by_command(url), peak_mib() - before):
                print(json.dumps(found))  # noqa: T201 - its result
        finally:
            server.should_exit = True
            thread.join()


if __name__ == "__main__":
    main()
