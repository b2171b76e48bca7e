"""`python -m deploy env`: the first example of docs/integration.md."""

import subprocess
from collections.abc import Mapping
from pathlib import Path

import pytest

import deploy.__main__ as control
from deploy import running_stack
from deploy.databases import SERVICES
from deploy.local import files
from deploy.local.stack import Stack


def test_environment_of_a_running_stack_is_evaluated_by_a_shell(
    environment: Mapping[str, str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A shell that evaluates the output has the servers and the URL of each service."""
    monkeypatch.setattr(files, "STACK", tmp_path)
    monkeypatch.setattr(running_stack, "STATE_FILE", tmp_path / "stack.json")
    monkeypatch.setenv("TRACELOT_STACK", "external")
    with pytest.raises(SystemExit, match="not running"):
        control.env()
    with Stack(tmp_path, keep_data=True) as running:  # on the servers of this test session
        urls = {name: f"http://127.0.0.1:{port}" for port, name in enumerate(SERVICES, 8001)}
        running.record(services=urls)
        control.env()
    names = ["KAFKA_BOOTSTRAP_SERVERS", *(f"{name.upper()}_URL" for name in SERVICES)]
    script = capsys.readouterr().out + "".join(f'echo "${name}"\n' for name in names)
    result = subprocess.run(["bash", "-euc", script], env={}, capture_output=True, text=True, check=True)
    assert result.stdout.split() == [environment["KAFKA_BOOTSTRAP_SERVERS"], *urls.values()]
