"""Secrets of the local stack: database URLs in environments, and files that other users could read."""

import os
import stat
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy import processes
from deploy.local.stack import Stack
from tests.support.timing import MAX_WAIT_SECONDS

MINIMAL_SERVICE = "tests.integration.deploy.minimal_service"
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")


def database_variables(pid: int) -> set[str]:
    """Return the names of the database URLs in the environment of a process."""
    variables = Path(f"/proc/{pid}/environ").read_bytes().decode().split("\0")
    return {name for name, _, _ in (variable.partition("=") for variable in variables) if name.endswith("DATABASE_URL")}


def test_service_has_only_its_own_database_url(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A service process has the URL of its login role; owner URLs and those of other services are absent."""
    monkeypatch.setenv("SERIALS_DATABASE_URL", "inherited")
    names = ("MINIMAL_SERVICE_DATABASE_URL", "MINIMAL_SERVICE_MIGRATION_DATABASE_URL", "LOTS_MIGRATION_DATABASE_URL")
    with processes.running(dict.fromkeys(names, "given"), tmp_path, [MINIMAL_SERVICE]) as services:
        assert database_variables(services[MINIMAL_SERVICE].process.pid) == {"MINIMAL_SERVICE_DATABASE_URL"}
    for name in ("serials", "lots"):
        assert processes.service_environment(name, {"SERIALS_DATABASE_URL": "1", "LOTS_DATABASE_URL": "2"}).keys() == {
            f"{name.upper()}_DATABASE_URL"
        }


def readable_by_others(folder: Path) -> Iterator[Path]:
    """Yield the files that other users can open: the file and all folders on its path admit them."""
    for path in sorted(folder.iterdir()):
        mode = path.stat().st_mode
        if stat.S_ISDIR(mode):
            if mode & 0o011:
                yield from readable_by_others(path)
        elif mode & 0o044:
            yield path


def test_other_users_read_nothing_of_the_stack(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With a permissive umask and folders of an earlier version, logs, data and configuration are private."""
    monkeypatch.setenv("LOTS_DATABASE_URL", "inherited")
    previous = os.umask(0o022)
    try:
        (tmp_path / "stack" / "logs").mkdir(parents=True)
        (tmp_path / "stack" / "logs" / "kafka.log").write_text("earlier\n")
        (tmp_path / "stack" / "data" / "kafka").mkdir(parents=True)
        with Stack(tmp_path / "stack", keep_data=True) as stack:
            log_folder = tmp_path / "stack" / "logs"
            with processes.running({}, log_folder, [MINIMAL_SERVICE], seconds=MAX_WAIT_SECONDS):
                assert list(readable_by_others(tmp_path / "stack")) == []
                assert not (log_folder / f"{MINIMAL_SERVICE}.log").stat().st_mode & 0o077
            for server in stack.servers.values():
                assert server.process is not None
                assert database_variables(server.process.pid) == set()
        assert (tmp_path / "stack").stat().st_mode & 0o001, "PostgreSQL may run as another user"
    finally:
        os.umask(previous)
