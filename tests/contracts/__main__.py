"""`make contracts`: test each service against its OpenAPI document; `SECONDS=60` limits the time per service.

The exit code is not 0 if a response is a server error, or its status, content type, headers or body are undocumented.
"""

import asyncio
import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from pathlib import Path

from rich.console import Console

from deploy.demo.__main__ import play
from deploy.local.files import STACK
from deploy.local.stack import Stack
from deploy.prepare import prepare
from deploy.processes import running
from tests.contracts.records import RECORDS_VARIABLE, collect_records
from tests.support import auth

CHECKS = (
    "not_a_server_error", "status_code_conformance", "content_type_conformance", "response_headers_conformance",
    "response_schema_conformance",
)  # fmt: skip
SEED = "20260101"


def run_schemathesis(url: str, seconds: str, records: Path) -> bool:
    """Test one service; return whether no finding was reported."""
    command = [
        str(Path(sys.executable).with_name("schemathesis")), "run", f"{url}/openapi.json", "--checks", ",".join(CHECKS),
        "--phases", "examples,coverage,fuzzing", "--max-time", seconds, "--seed", SEED, "--continue-on-failure",
        "--generation-database", "none", "--suppress-health-check", "all", "--warnings", "off", "--no-color",
        "--header", f"Authorization: {auth.bearer()['Authorization']}",
    ]  # fmt: skip
    hooks = {"SCHEMATHESIS_HOOKS": "tests.contracts.hooks", RECORDS_VARIABLE: str(records)}
    return subprocess.run(command, env=os.environ | hooks, check=False).returncode == 0


def find_failed_services(urls: Mapping[str, str], seconds: str, records: Path) -> list[str]:
    """Test the services one after another; return those with findings."""
    failed = []
    for name, url in urls.items():
        print(f"\n=== {name}", flush=True)
        records.write_text(json.dumps(collect_records(url)))
        if not run_schemathesis(url, seconds, records):
            failed.append(name)
    return failed


def main() -> int:
    """Start servers and services, play the demo for data, and test."""
    STACK.mkdir(exist_ok=True)
    names = sys.argv[1:]
    with Stack(Path(tempfile.mkdtemp(prefix="tests-", dir=STACK)), keep_data=False) as stack:
        stack.env.update(auth.ENVIRONMENT)
        prepare(stack.env)
        with running(stack.env, stack.folder / "logs") as services:
            urls = {name: service.url for name, service in services.items()}
            if not asyncio.run(play(stack.env, urls, Console(quiet=True), keep_running=False)):
                print("The demo, which provides the data, failed")
                return 1
            selected = {name: url for name, url in urls.items() if not names or name in names}
            failed = find_failed_services(
                selected, os.environ.get("SECONDS_PER_SERVICE", "60"), stack.folder / "records.json"
            )
    print(f"\nFindings in {', '.join(failed)}" if failed else "\nNo findings")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
