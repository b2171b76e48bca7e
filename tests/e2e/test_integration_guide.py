"""The examples of docs/integration.md on the running services."""

import asyncio
import os
import shlex
import signal

from deploy.local.files import PROJECT
from tests.e2e.system import SystemUnderTest
from tests.support import auth
from tests.support.guide import read_examples
from tests.support.timing import MAX_WAIT_SECONDS

END_OF_EXAMPLE = "--- end of example ---"


async def test_examples_work_when_pasted_in_order_and_again(system: SystemUnderTest) -> None:
    """Every example exits with 0 and prints what the page promises, twice on the same stack.

    Only the first example is replaced: its variables name the services of this test instead of those of `make up`.
    """
    first, *others = read_examples()
    assert first.code == 'eval "$(.venv/bin/python -m deploy env)"\n'
    assert sum(example.output is not None for example in others) > 10
    for _ in range(2):
        outputs = await run_script(system, [example.code for example in others])
        for example, output in zip(others, outputs, strict=True):
            assert example.accepts(output), f"{example.code}\nexpected:\n{example.output}\nprinted:\n{output}"


async def run_script(system: SystemUnderTest, examples: list[str]) -> list[str]:
    """Run examples in one strict shell in the project folder and return the output of each."""
    variables = {"KAFKA_BOOTSTRAP_SERVERS": system.bootstrap, "AUTH_FOLDER": str(auth.FOLDER)}
    variables |= {f"{name.upper()}_URL": service.url for name, service in system.services.items()}
    exports = "".join(f"export {name}={shlex.quote(value)}\n" for name, value in variables.items())
    script = f"set -euo pipefail\n{exports}" + "".join(f"{code}\necho '{END_OF_EXAMPLE}'\n" for code in examples)
    process = await asyncio.create_subprocess_exec(
        "bash", "-c", script, cwd=PROJECT, env={"PATH": os.environ["PATH"]},
        stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.PIPE, start_new_session=True,
    )  # fmt: skip
    try:
        async with asyncio.timeout(MAX_WAIT_SECONDS):
            output, errors = await process.communicate()
    except TimeoutError:
        os.killpg(process.pid, signal.SIGKILL)  # with its current command
        raise
    assert process.returncode == 0, f"{output.decode()}\n{errors.decode()}"
    return output.decode().split(f"{END_OF_EXAMPLE}\n")[:-1]
