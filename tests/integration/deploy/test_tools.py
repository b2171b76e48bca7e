"""Deployment tools: prerequisites, pip settings for uv, statement report."""

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from deploy.bootstrap import environment_for_uv
from deploy.local import kafka
from deploy.local.files import PROJECT
from tests.support.statement_report import render_report, statement_ids


def test_missing_prerequisites_are_reported_with_instructions(tmp_path: Path) -> None:
    """The check fails without Java and Maven, unless external servers are used."""
    bare_environment = {"PATH": str(tmp_path), "JAVA_HOME": str(tmp_path)}
    command = [sys.executable, "deploy/prerequisites.py", "--servers"]
    result = subprocess.run(command, env=bare_environment, cwd=PROJECT, capture_output=True, text=True, check=False)
    assert result.returncode == 1
    assert "Java 17" in result.stderr
    assert "apt install" in result.stderr
    external_environment = bare_environment | {"TRACELOT_STACK": "external"}
    subprocess.run(command, env=external_environment, cwd=PROJECT, check=True)


def test_broker_is_downloaded_once_by_concurrent_processes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two first starts at once do not write into the same folder: the second one waits."""
    maven, calls = tmp_path / "mvn", tmp_path / "calls"
    maven.write_text(f"#!/bin/sh\necho call >> {calls}\nsleep 0.2\n")
    maven.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    monkeypatch.setattr(kafka, "LIBRARIES", tmp_path / "kafka" / "libs")
    with ThreadPoolExecutor() as pool:
        for download in [pool.submit(kafka.fetch_libraries) for _ in range(2)]:
            download.result()
    assert calls.read_text().splitlines() == ["call"]


def test_pip_settings_are_passed_to_uv() -> None:
    """Indexes and certificates of the pip configuration are passed to uv."""
    variables = environment_for_uv({"index-url": "https://a.example/simple", "find-links": "one\ntwo"})
    assert variables["UV_DEFAULT_INDEX"] == "https://a.example/simple"
    assert variables["UV_FIND_LINKS"] == "one,two"


def test_statement_is_covered_by_a_passed_test_that_cites_it() -> None:
    """Ids and ranges are read from docstrings; a statement without passed test is not covered."""
    assert statement_ids("Proves X07 and XS1, not Y.") == []
    assert statement_ids("Edges (S11, S12).") == ["S11", "S12"]
    assert statement_ids("The reports, S39–S41.") == ["S39", "S40", "S41"]
    lines = render_report(
        {"S04": {"a": "passed"}, "S05": {"b": "skipped"}, "S06": {"a": "passed", "c": "failed"}}
    ).splitlines()
    assert lines[5:8] == [
        "| S04 | covered | a: passed |",
        "| S05 | not covered | b: skipped |",
        "| S06 | failed | a: passed<br>c: failed |",
    ]
