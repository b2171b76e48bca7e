"""The small programs around the stack: what is said before a download, pip's settings for uv, the statements' sheet."""

import subprocess
import sys
from pathlib import Path

from deploy.bootstrap import environment_for_uv
from deploy.local.files import PROJECT
from tests.statements import named, sheet


def test_what_is_missing_is_said_with_its_remedy(tmp_path: Path) -> None:
    """Without Java and Maven the check fails and names both; servers elsewhere need neither."""
    bare = {"PATH": str(tmp_path), "JAVA_HOME": str(tmp_path)}
    command = [sys.executable, "deploy/prerequisites.py", "--servers"]
    failed = subprocess.run(command, env=bare, cwd=PROJECT, capture_output=True, text=True, check=False)
    assert failed.returncode == 1
    assert "Java 17" in failed.stderr
    assert "apt install" in failed.stderr
    elsewhere = bare | {"KAFKA_BOOTSTRAP_SERVERS": "kafka:9092"}
    subprocess.run(command, env=elsewhere, cwd=PROJECT, check=True)


def test_uv_hears_what_pip_was_told() -> None:
    """Indexes and certificates of pip's configuration reach uv; the user's own word to uv wins."""
    told = environment_for_uv({"index-url": "https://a.example/simple", "find-links": "one\ntwo"})
    assert told["UV_DEFAULT_INDEX"] == "https://a.example/simple"
    assert told["UV_FIND_LINKS"] == "one,two"


def test_a_statement_is_shown_by_a_passed_test_that_names_it() -> None:
    """Ids and ranges are read from docstrings; without a passed test a statement reads `not shown`."""
    assert named("Shows X07 and XS1, not Y.") == []
    assert named("Edges (S11, S12).") == ["S11", "S12"]
    assert named("The reports, S39–S41.") == ["S39", "S40", "S41"]
    lines = sheet({"S04": {"a": "passed"}, "S05": {"b": "skipped"}, "S06": {"a": "passed", "c": "failed"}}).splitlines()
    assert lines[5:8] == [
        "| S04 | shown | a: passed |",
        "| S05 | not shown | b: skipped |",
        "| S06 | failed | a: passed<br>c: failed |",
    ]
